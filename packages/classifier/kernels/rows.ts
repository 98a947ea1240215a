import { advance, all, join, locals, whilePositive } from './wat.ts';

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

/** What works on whole rows, or on where values lie. */
export const rows: string = join([softmax, layerNorm, sumRows, extremes, quantize, widen, strided]);
