// Pieces of WebAssembly's text format. Bare `$name` is short for (local.get $name): kernels.wat.ts writes it out.

/** Parts below each other. */
export const join = (parts: string[]): string => parts.join('\n');
/** A part so many times, told which time it is. */
export const times = (count: number, part: (at: number) => string): string =>
  join(Array.from({ length: count }, (_, at) => part(at)));
/** Local variables of a type. */
export const locals = (type: string, ...names: string[]): string =>
  join(names.map((name) => `(local $${name} ${type})`));
/** A number in all four lanes. */
export const all = (value: number | string): string =>
  `(v128.const f32x4 ${value} ${value} ${value} ${value})`;
/** Moves a pointer or a count on. */
export const advance = (pointer: string, by: string): string =>
  `(local.set $${pointer} (i32.add $${pointer} ${by}))`;

/** Repeats while `count` is above 0; the body must lower it. */
export const whilePositive = (count: string, label: string, body: string): string => `
  (block $${label}End (loop $${label}
    (br_if $${label}End (i32.le_s $${count} (i32.const 0)))
    ${body}
    (br $${label})))`;
