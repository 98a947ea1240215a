import { advance, all, join, locals, whilePositive } from './wat.ts';

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

/** One value after the other: functions of one, and of two. */
export const elementwise: string = join([
  ...[exp, erf, tanh],
  ...Object.entries(unary).map(unaryKernel),
  ...binary.map(binaryKernel),
]);
