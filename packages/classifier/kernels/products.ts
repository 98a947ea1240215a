import { advance, all, join, locals, times, whilePositive } from './wat.ts';

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

/** Products of matrices. */
export const products: string = join([gemm, qgemm, narrowGemm]);
