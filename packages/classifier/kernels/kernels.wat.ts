/**
 * What a quick start computes in WebAssembly: float32 matrices by rows, products of 8-bit weights, and what stands
 * between them in a transformer. All sizes count elements, all addresses and steps bytes. Kernels work in vectors of
 * four and may write up to 12 bytes past the end of a row, never before its start: rows are done in order, so the next
 * one corrects that, and memory is handed out with room for the last. Bare `$name` is short for (local.get $name).
 */

const join = (parts: string[]): string => parts.join('\n');
const times = (count: number, part: (at: number) => string): string =>
  join(Array.from({ length: count }, (_, at) => part(at)));
const locals = (type: string, ...names: string[]): string =>
  join(names.map((name) => `(local $${name} ${type})`));
const all = (value: number | string): string => `(v128.const f32x4 ${value} ${value} ${value} ${value})`;
const advance = (pointer: string, by: string): string =>
  `(local.set $${pointer} (i32.add $${pointer} ${by}))`;

/** Repeats while `count` is above 0; the body must lower it. */
const whilePositive = (count: string, label: string, body: string): string => `
  (block $${label}End (loop $${label}
    (br_if $${label}End (i32.le_s $${count} (i32.const 0)))
    ${body}
    (br $${label})))`;

// e^x: 2ⁿ times a polynomial in what is left of x, |x - n·ln 2| ≤ ln 2 / 2 (Cephes, expf.c). At the bounds n is -127 and
// 128, whose exponents are those of 0 and infinity.
const expPolynomial = [
  1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 0.5,
];
const exp = `
  (func $exp (param $x v128) (result v128)
    (local $n v128) (local $p v128)
    (local.set $x (f32x4.min (f32x4.max $x ${all(-88)}) ${all(89)}))
    (local.set $n (f32x4.nearest (f32x4.mul $x ${all(Math.LOG2E)})))
    (local.set $x (f32x4.sub $x (f32x4.mul $n ${all(0.693359375)})))
    (local.set $x (f32x4.add $x (f32x4.mul $n ${all(2.1219444e-4)})))
    (local.set $p ${all(expPolynomial[0]!)})
    ${join(expPolynomial.slice(1).map((c) => `(local.set $p (f32x4.add (f32x4.mul $p $x) ${all(c)}))`))}
    (local.set $p (f32x4.add (f32x4.mul (f32x4.mul $p $x) $x) (f32x4.add $x ${all(1)})))
    (f32x4.mul $p
      (i32x4.shl (i32x4.add (i32x4.trunc_sat_f32x4_s $n) (v128.const i32x4 127 127 127 127)) (i32.const 23))))`;

const sign = '(v128.const i32x4 0x80000000 0x80000000 0x80000000 0x80000000)';
// Abramowitz and Stegun 7.1.26: within 1.5e-7.
const erfPolynomial = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592];
const erf = `
  (func $erf (param $x v128) (result v128)
    (local $a v128) (local $t v128) (local $p v128)
    (local.set $a (f32x4.abs $x))
    (local.set $t (f32x4.div ${all(1)} (f32x4.add ${all(1)} (f32x4.mul $a ${all(0.3275911)}))))
    (local.set $p ${all(erfPolynomial[0]!)})
    ${join(erfPolynomial.slice(1).map((c) => `(local.set $p (f32x4.add (f32x4.mul $p $t) ${all(c)}))`))}
    (v128.or
      (f32x4.sub ${all(1)} (f32x4.mul (f32x4.mul $p $t) (call $exp (f32x4.neg (f32x4.mul $a $a)))))
      (v128.and $x ${sign})))`;

const tanh = `
  (func $tanh (param $x v128) (result v128)
    (v128.or
      (f32x4.sub ${all(1)}
        (f32x4.div ${all(2)} (f32x4.add ${all(1)} (call $exp (f32x4.mul ${all(2)} (f32x4.abs $x))))))
      (v128.and $x ${sign})))`;

const half = `(f32x4.mul $x ${all(0.5)})`;
const unary: Record<string, string> = {
  erf: '(call $erf $x)',
  tanh: '(call $tanh $x)',
  exp: '(call $exp $x)',
  sqrt: '(f32x4.sqrt $x)',
  negate: '(f32x4.neg $x)',
  relu: `(f32x4.max $x ${all(0)})`,
  sigmoid: `(f32x4.div ${all(1)} (f32x4.add ${all(1)} (call $exp (f32x4.neg $x))))`,
  gelu: `(f32x4.mul ${half} (f32x4.add ${all(1)} (call $erf (f32x4.mul $x ${all(Math.SQRT1_2)}))))`,
};
const unaryKernel = ([name, value]: [string, string]): string => `
  (func (export "${name}") (param $from i32) (param $to i32) (param $count i32)
    (local $x v128)
    ${whilePositive(
      'count',
      'next',
      `(local.set $x (v128.load $from))
       (v128.store $to ${value})
       ${advance('from', '(i32.const 16)')} ${advance('to', '(i32.const 16)')} ${advance('count', '(i32.const -4)')}`,
    )})`;

// Each operand is a vector for each column, or (step 0) one value for the whole row.
const binary = ['add', 'sub', 'mul', 'div', 'max', 'min'];
const operand = (name: string): string =>
  `(if $${name}Step (then (local.set $${name}v (v128.load (i32.add $${name} $at)))))`;
const binaryKernel = (name: string): string => `
  (func (export "${name}")
    (param $a i32) (param $b i32) (param $to i32) (param $rows i32) (param $columns i32)
    (param $aRow i32) (param $bRow i32) (param $aStep i32) (param $bStep i32)
    ${locals('v128', 'av', 'bv')} ${locals('i32', 'at', 'size')}
    (local.set $size (i32.shl $columns (i32.const 2)))
    ${whilePositive(
      'rows',
      'row',
      `(local.set $av (v128.load32_splat $a)) (local.set $bv (v128.load32_splat $b))
       (local.set $at (i32.const 0))
       (loop $next
         ${operand('a')} ${operand('b')}
         (v128.store (i32.add $to $at) (f32x4.${name} $av $bv))
         ${advance('at', '(i32.const 16)')}
         (br_if $next (i32.lt_s $at $size)))
       ${advance('a', '$aRow')} ${advance('b', '$bRow')} ${advance('to', '$size')} ${advance('rows', '(i32.const -1)')}`,
    )})`;

/** out[m, n] = a[m, k] · b[k, n]: four rows by eight columns at a time, the rest row by row; eight columns or more. */
const gemm = `
  (func (export "gemm") (param $a i32) (param $b i32) (param $to i32) (param $m i32) (param $k i32) (param $n i32)
    ${locals('i32', 'j', 'i', 'pa', 'pb', 'left', 'aRow', 'bRow', 'target')} ${locals('v128', 'b0', 'b1', 'x')}
    ${times(8, (at) => `(local $c${at} v128)`)}
    (local.set $aRow (i32.shl $k (i32.const 2)))
    (local.set $bRow (i32.shl $n (i32.const 2)))
    ${columns(
      (rows) => `
      (local.set $pa (i32.add $a (i32.mul $i $aRow)))
      (local.set $pb (i32.add $b (i32.shl $j (i32.const 2))))
      (local.set $left $k)
      ${clear(rows)}
      ${down(
        rows,
        1,
        `(local.set $b0 (v128.load $pb)) (local.set $b1 (v128.load offset=16 $pb))
        ${times(
          rows,
          (row) => `
          (local.set $x (v128.load32_splat ${rowAt('pa', 'aRow', row)}))
          ${times(2, (v) => `(local.set $c${row * 2 + v} (f32x4.add $c${row * 2 + v} (f32x4.mul $x $b${v})))`)}`,
        )}`,
      )}
      ${store(rows, (at) => `$c${at}`)}`,
    )})`;

/**
 * out[m, n] = a[m, k] · b[k, n] · aScale · bScale[n] + bias[n], a in 16 bits, b in 8: sums are exact. Two rows of b are
 * interleaved, so that one instruction multiplies a pair of each of eight columns with a pair of a. k is even.
 */
const qgemm = `
  (func (export "qgemm")
    (param $a i32) (param $b i32) (param $to i32) (param $m i32) (param $k i32) (param $n i32)
    (param $aScale f32) (param $bScale i32) (param $bias i32)
    ${locals('i32', 'j', 'i', 'pa', 'pb', 'left', 'aRow', 'bRow', 'target')} ${locals('v128', 'b0', 'b1', 'x')}
    ${times(8, (at) => `(local $c${at} v128)`)} ${locals('v128', 's0', 's1', 't0', 't1')}
    (local.set $aRow (i32.shl $k (i32.const 1)))
    (local.set $bRow (i32.shl $n (i32.const 1)))
    ${columns(
      (rows) => `
      (local.set $pa (i32.add $a (i32.mul $i $aRow)))
      (local.set $pb (i32.add $b $j))
      (local.set $left $k)
      ${clear(rows)}
      ${down(
        rows,
        2,
        `(local.set $x
          (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23
            (v128.load64_zero $pb) (v128.load64_zero (i32.add $pb $n))))
        (local.set $b0 (i16x8.extend_low_i8x16_s $x)) (local.set $b1 (i16x8.extend_high_i8x16_s $x))
        ${times(
          rows,
          (row) => `
          (local.set $x (v128.load32_splat ${rowAt('pa', 'aRow', row)}))
          ${times(2, (v) => `(local.set $c${row * 2 + v} (i32x4.add $c${row * 2 + v} (i32x4.dot_i16x8_s $x $b${v})))`)}`,
        )}`,
      )}
      ${store(rows, (at) => `(f32x4.add (f32x4.mul (f32x4.convert_i32x4_s $c${at}) $s${at % 2}) $t${at % 2})`)}`,
      `${times(2, (v) => `(local.set $s${v} (f32x4.mul (f32x4.splat $aScale) (v128.load offset=${v * 16} (i32.add $bScale (i32.shl $j (i32.const 2))))))`)}
       (if $bias (then
         ${times(2, (v) => `(local.set $t${v} (v128.load offset=${v * 16} (i32.add $bias (i32.shl $j (i32.const 2)))))`)}))`,
    )})`;

/** Eight columns after the other, the last eight perhaps twice in part; in each, four rows at a time, then one. */
function columns(block: (rows: number) => string, before = ''): string {
  return `
    (loop $column
      (if (i32.gt_s (i32.add $j (i32.const 8)) $n) (then (local.set $j (i32.sub $n (i32.const 8)))))
      ${before}
      (local.set $i (i32.const 0))
      (block $rowsEnd (loop $rows
        (br_if $rowsEnd (i32.ge_s $i $m))
        (if (i32.ge_s (i32.sub $m $i) (i32.const 4))
          (then ${block(4)} ${advance('i', '(i32.const 4)')})
          (else ${block(1)} ${advance('i', '(i32.const 1)')}))
        (br $rows)))
      (br_if $column (i32.lt_s (local.tee $j (i32.add $j (i32.const 8))) $n)))`;
}

/** Goes down `left` by `depth` with each step. */
function down(rows: number, depth: number, step: string): string {
  return whilePositive(
    'left',
    `product${rows}`,
    `${step} ${advance('pa', '(i32.const 4)')} ${advance('pb', '$bRow')} ${advance('left', `(i32.const ${-depth})`)}`,
  );
}

function clear(rows: number): string {
  return times(rows * 2, (at) => `(local.set $c${at} ${all(0)})`);
}

function rowAt(pointer: string, step: string, row: number): string {
  return row === 0 ? `$${pointer}` : `(i32.add ${rowAt(pointer, step, row - 1)} $${step})`;
}

function store(rows: number, value: (at: number) => string): string {
  return `
    (local.set $target (i32.add $to (i32.shl (i32.add (i32.mul $i $n) $j) (i32.const 2))))
    ${times(
      rows,
      (row) => `
      (v128.store $target ${value(row * 2)}) (v128.store offset=16 $target ${value(row * 2 + 1)})
      ${advance('target', '(i32.shl $n (i32.const 2))')}`,
    )}`;
}

/** As gemm, one number at a time: for fewer than eight columns. */
const narrowGemm = `
  (func (export "narrowGemm") (param $a i32) (param $b i32) (param $to i32) (param $m i32) (param $k i32) (param $n i32)
    ${locals('i32', 'j', 'pa', 'pb', 'left')} (local $sum f32)
    ${whilePositive(
      'm',
      'row',
      `(local.set $j (i32.const 0))
       (loop $column
         (local.set $sum (f32.const 0)) (local.set $left $k) (local.set $pa $a)
         (local.set $pb (i32.add $b (i32.shl $j (i32.const 2))))
         ${whilePositive(
           'left',
           'product',
           `(local.set $sum (f32.add $sum (f32.mul (f32.load $pa) (f32.load $pb))))
            ${advance('pa', '(i32.const 4)')} ${advance('pb', '(i32.shl $n (i32.const 2))')}
            ${advance('left', '(i32.const -1)')}`,
         )}
         (f32.store $to $sum) ${advance('to', '(i32.const 4)')}
         (br_if $column (i32.lt_s (local.tee $j (i32.add $j (i32.const 1))) $n)))
       ${advance('a', '(i32.shl $k (i32.const 2))')} ${advance('m', '(i32.const -1)')}`,
    )})`;

const scalars = (body: string): string => `
  (local.set $left $columns) (local.set $p $from)
  ${whilePositive('left', `each${body.length}`, `${body} ${advance('p', '(i32.const 4)')} ${advance('left', '(i32.const -1)')}`)}`;

const softmax = `
  (func (export "softmax") (param $from i32) (param $to i32) (param $rows i32) (param $columns i32)
    ${locals('i32', 'left', 'p', 'q')} ${locals('f32', 'most', 'sum')}
    ${whilePositive(
      'rows',
      'row',
      `(local.set $most (f32.const -inf)) (local.set $sum (f32.const 0))
       ${scalars('(local.set $most (f32.max $most (f32.load $p)))')}
       (local.set $left $columns) (local.set $p $from) (local.set $q $to)
       ${whilePositive(
         'left',
         'exponents',
         `(v128.store $q (call $exp (f32x4.sub (v128.load $p) (f32x4.splat $most))))
          ${advance('p', '(i32.const 16)')} ${advance('q', '(i32.const 16)')} ${advance('left', '(i32.const -4)')}`,
       )}
       (local.set $left $columns) (local.set $p $to)
       ${whilePositive('left', 'sums', `(local.set $sum (f32.add $sum (f32.load $p))) ${advance('p', '(i32.const 4)')} ${advance('left', '(i32.const -1)')}`)}
       (local.set $left $columns)
       ${whilePositive(
         'left',
         'shares',
         `(v128.store $to (f32x4.div (v128.load $to) (f32x4.splat $sum)))
          ${advance('to', '(i32.const 16)')} ${advance('left', '(i32.const -4)')}`,
       )}
       ;; Back from whole vectors to whole rows.
       ${advance('to', '(i32.shl $left (i32.const 2))')}
       ${advance('from', '(i32.shl $columns (i32.const 2))')} ${advance('rows', '(i32.const -1)')}`,
    )})`;

/** (x - mean) / √(variance + epsilon) · gain + offset; the columns are a multiple of four. */
const layerNorm = `
  (func (export "layerNorm")
    (param $from i32) (param $gain i32) (param $offset i32) (param $to i32) (param $rows i32) (param $columns i32)
    (param $epsilon f32)
    ${locals('i32', 'at', 'size')} ${locals('v128', 'sum', 'mean', 'scale', 'x')}
    (local.set $size (i32.shl $columns (i32.const 2)))
    ${whilePositive(
      'rows',
      'row',
      `(local.set $sum ${all(0)})
       ${vectors('means', '(local.set $sum (f32x4.add $sum (v128.load (i32.add $from $at))))')}
       (local.set $mean (f32x4.splat (f32.div (call $across $sum) (f32.convert_i32_s $columns))))
       (local.set $sum ${all(0)})
       ${vectors(
         'squares',
         `(local.set $x (f32x4.sub (v128.load (i32.add $from $at)) $mean))
          (local.set $sum (f32x4.add $sum (f32x4.mul $x $x)))`,
       )}
       (local.set $scale
         (f32x4.splat
           (f32.div (f32.const 1)
             (f32.sqrt (f32.add (f32.div (call $across $sum) (f32.convert_i32_s $columns)) $epsilon)))))
       ${vectors(
         'normal',
         `(v128.store (i32.add $to $at)
            (f32x4.add (v128.load (i32.add $offset $at))
              (f32x4.mul (v128.load (i32.add $gain $at))
                (f32x4.mul $scale (f32x4.sub (v128.load (i32.add $from $at)) $mean)))))`,
       )}
       ${advance('from', '$size')} ${advance('to', '$size')} ${advance('rows', '(i32.const -1)')}`,
    )})
  (func $across (param $x v128) (result f32)
    (f32.add
      (f32.add (f32x4.extract_lane 0 $x) (f32x4.extract_lane 1 $x))
      (f32.add (f32x4.extract_lane 2 $x) (f32x4.extract_lane 3 $x))))`;

function vectors(label: string, body: string): string {
  return `
    (local.set $at (i32.const 0))
    (loop $${label}
      ${body}
      (br_if $${label} (i32.lt_s (local.tee $at (i32.add $at (i32.const 16))) $size)))`;
}

const sumRows = `
  (func (export "sumRows") (param $from i32) (param $to i32) (param $rows i32) (param $columns i32)
    ${locals('i32', 'left', 'p')} (local $sum f32)
    ${whilePositive(
      'rows',
      'row',
      `(local.set $sum (f32.const 0))
       ${scalars('(local.set $sum (f32.add $sum (f32.load $p)))')}
       (f32.store $to $sum)
       ${advance('to', '(i32.const 4)')} ${advance('from', '(i32.shl $columns (i32.const 2))')}
       ${advance('rows', '(i32.const -1)')}`,
    )})`;

/** In each of four lanes the least and the greatest of the values and 0, at $to; there is a multiple of four of them. */
const extremes = `
  (func (export "extremes") (param $from i32) (param $to i32) (param $count i32)
    ${locals('v128', 'x', 'least', 'most')}
    ${whilePositive(
      'count',
      'next',
      `(local.set $x (v128.load $from))
       (local.set $least (f32x4.pmin $x $least)) (local.set $most (f32x4.pmax $x $most))
       ${advance('from', '(i32.const 16)')} ${advance('count', '(i32.const -4)')}`,
    )}
    (v128.store $to $least) (v128.store offset=16 $to $most))`;

/** To 8 unsigned bits by ONNX's DynamicQuantizeLinear, less the zero point: 16 bits. */
const quantize = `
  (func (export "quantize") (param $from i32) (param $to i32) (param $count i32) (param $scale f32) (param $zero f32)
    ${locals('v128', 's', 'least', 'most')}
    (local.set $s (f32x4.splat $scale))
    (local.set $least (f32x4.splat (f32.neg $zero)))
    (local.set $most (f32x4.splat (f32.sub (f32.const 255) $zero)))
    ${whilePositive(
      'count',
      'next',
      `(i64.store $to
         (i64x2.extract_lane 0
           (i16x8.narrow_i32x4_s
             (i32x4.trunc_sat_f32x4_s
               (f32x4.min (f32x4.max (f32x4.nearest (f32x4.div (v128.load $from) $s)) $least) $most))
             (v128.const i32x4 0 0 0 0))))
       ${advance('from', '(i32.const 16)')} ${advance('to', '(i32.const 8)')} ${advance('count', '(i32.const -4)')}`,
    )})`;

const widen = `
  (func (export "widen") (param $from i32) (param $to i32) (param $count i32)
    ${whilePositive(
      'count',
      'next',
      `(f32.store $to (f32.convert_i32_s (i32.load8_s $from)))
       ${advance('from', '(i32.const 1)')} ${advance('to', '(i32.const 4)')} ${advance('count', '(i32.const -1)')}`,
    )})`;

/** Copies 4-byte elements into a row-major array of four dimensions, from steps of any size in each. */
const dimensions = [0, 1, 2, 3];
const strided = `
  (func (export "strided") (param $from i32) (param $to i32)
    ${join(dimensions.map((at) => `(param $size${at} i32)`))} ${join(dimensions.map((at) => `(param $step${at} i32)`))}
    ${join(dimensions.map((at) => `(local $left${at} i32) (local $p${at} i32)`))}
    (local.set $p0 $from)
    ${dimensions.reduceRight(
      (inner, at) => `
      (local.set $left${at} $size${at})
      ${whilePositive(
        `left${at}`,
        `dimension${at}`,
        `${at < 3 ? `(local.set $p${at + 1} $p${at})` : ''} ${inner}
         ${advance(`p${at}`, `$step${at}`)} ${advance(`left${at}`, '(i32.const -1)')}`,
      )}`,
      `(i32.store $to (i32.load $p3)) ${advance('to', '(i32.const 4)')}`,
    )})`;

const text = `(module
  (memory (import "quick" "memory") 1 65536)
  ${exp} ${erf} ${tanh}
  ${join(Object.entries(unary).map(unaryKernel))}
  ${join(binary.map(binaryKernel))}
  ${gemm} ${qgemm} ${narrowGemm} ${softmax} ${layerNorm} ${sumRows} ${extremes} ${quantize} ${widen} ${strided}
)`;

const named = /(?<!\b(?:get|set|tee|param|local|func|loop|block|br|br_if|call) )\$\w+/g;

/** The module in WebAssembly's text format. */
export const kernelsWat: string = text.replace(named, '(local.get $&)');
