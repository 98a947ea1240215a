// Pieces of WebAssembly's text format. Bare `$name` is short for (local.get $name): kernels.wat.ts writes it out.

export const join = (parts: string[]): string => parts.join('\n');
export const times = (count: number, part: (at: number) => string): string =>
  join(Array.from({ length: count }, (_, at) => part(at)));
export const locals = (type: string, ...names: string[]): string =>
  join(names.map((name) => `(local $${name} ${type})`));
export const all = (value: number | string): string =>
  `(v128.const f32x4 ${value} ${value} ${value} ${value})`;
export const advance = (pointer: string, by: string): string =>
  `(local.set $${pointer} (i32.add $${pointer} ${by}))`;

/** Repeats while `count` is above 0; the body must lower it. */
export const whilePositive = (count: string, label: string, body: string): string => `
  (block $${label}End (loop $${label}
    (br_if $${label}End (i32.le_s $${count} (i32.const 0)))
    ${body}
    (br $${label})))`;
