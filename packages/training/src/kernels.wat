;; What the optimizer does to float32 arrays in the memory that ONNX Runtime reads and writes too.
;; Addresses and sizes are bytes; sizes are multiples of 16, one step of four lanes.
;; kernels.wasm.ts holds the assembled bytes: `pnpm --filter @mainline/training assemble` renews them.
(module
  (memory (import "arena" "memory") 1 65536)

  ;; One step of AdamW (https://arxiv.org/abs/1711.05101, algorithm 2) with β₁ = 0.9, β₂ = 0.999, ε = 1e-8:
  ;;   mean   ← β₁·mean   + (1-β₁)·g          with g = clip·gradient
  ;;   square ← β₂·square + (1-β₂)·g²
  ;;   weight ← keep·weight - rate·mean / (√square·correction + ε)
  ;; keep is 1 - learning rate·weight decay, rate is learning rate / (1-β₁ᵗ), correction is 1 / √(1-β₂ᵗ).
  (func (export "adamw")
    (param $weight i32) (param $gradient i32) (param $mean i32) (param $square i32) (param $size i32)
    (param $rate f32) (param $keep f32) (param $correction f32) (param $clip f32)
    (local $at i32) (local $g v128) (local $m v128) (local $s v128)
    (block $done
      (br_if $done (i32.eqz (local.get $size)))
      (loop $next
        (local.set $g
          (f32x4.mul (v128.load (i32.add (local.get $gradient) (local.get $at))) (f32x4.splat (local.get $clip))))
        (local.set $m
          (f32x4.add
            (f32x4.mul
              (v128.load (i32.add (local.get $mean) (local.get $at)))
              (v128.const f32x4 0.9 0.9 0.9 0.9))
            (f32x4.mul (local.get $g) (v128.const f32x4 0.1 0.1 0.1 0.1))))
        (local.set $s
          (f32x4.add
            (f32x4.mul
              (v128.load (i32.add (local.get $square) (local.get $at)))
              (v128.const f32x4 0.999 0.999 0.999 0.999))
            (f32x4.mul
              (f32x4.mul (local.get $g) (local.get $g))
              (v128.const f32x4 0.001 0.001 0.001 0.001))))
        (v128.store (i32.add (local.get $mean) (local.get $at)) (local.get $m))
        (v128.store (i32.add (local.get $square) (local.get $at)) (local.get $s))
        (v128.store
          (i32.add (local.get $weight) (local.get $at))
          (f32x4.sub
            (f32x4.mul (v128.load (i32.add (local.get $weight) (local.get $at))) (f32x4.splat (local.get $keep)))
            (f32x4.div
              (f32x4.mul (local.get $m) (f32x4.splat (local.get $rate)))
              (f32x4.add
                (f32x4.mul (f32x4.sqrt (local.get $s)) (f32x4.splat (local.get $correction)))
                (v128.const f32x4 1e-8 1e-8 1e-8 1e-8)))))
        (br_if $next
          (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $size))))))

  ;; The steps that adamw would have taken with a zero gradient. $steps points at {rate, keep, correction} of the
  ;; first, $end behind the last.
  (func (export "replay")
    (param $weight i32) (param $mean i32) (param $square i32) (param $size i32) (param $steps i32) (param $end i32)
    (local $at i32) (local $step i32) (local $w v128) (local $m v128) (local $s v128)
    (block $done
      (br_if $done (i32.eqz (local.get $size)))
      (br_if $done (i32.ge_u (local.get $steps) (local.get $end)))
      (loop $next
        (local.set $w (v128.load (i32.add (local.get $weight) (local.get $at))))
        (local.set $m (v128.load (i32.add (local.get $mean) (local.get $at))))
        (local.set $s (v128.load (i32.add (local.get $square) (local.get $at))))
        (local.set $step (local.get $steps))
        (loop $nextStep
          (local.set $m (f32x4.mul (local.get $m) (v128.const f32x4 0.9 0.9 0.9 0.9)))
          (local.set $s (f32x4.mul (local.get $s) (v128.const f32x4 0.999 0.999 0.999 0.999)))
          (local.set $w
            (f32x4.sub
              (f32x4.mul (local.get $w) (v128.load32_splat offset=4 (local.get $step)))
              (f32x4.div
                (f32x4.mul (local.get $m) (v128.load32_splat (local.get $step)))
                (f32x4.add
                  (f32x4.mul (f32x4.sqrt (local.get $s)) (v128.load32_splat offset=8 (local.get $step)))
                  (v128.const f32x4 1e-8 1e-8 1e-8 1e-8)))))
          (br_if $nextStep
            (i32.lt_u (local.tee $step (i32.add (local.get $step) (i32.const 12))) (local.get $end))))
        (v128.store (i32.add (local.get $weight) (local.get $at)) (local.get $w))
        (v128.store (i32.add (local.get $mean) (local.get $at)) (local.get $m))
        (v128.store (i32.add (local.get $square) (local.get $at)) (local.get $s))
        (br_if $next
          (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $size))))))

  ;; Adds rows to rows: the $count int32s at $targets and at $sources number them, $width is a row's size.
  (func (export "addRows")
    (param $target i32) (param $source i32) (param $targets i32) (param $sources i32) (param $count i32) (param $width i32)
    (local $end i32) (local $to i32) (local $from i32) (local $at i32)
    (local.set $end (i32.add (local.get $targets) (i32.shl (local.get $count) (i32.const 2))))
    (block $done
      (br_if $done (i32.eqz (local.get $count)))
      (loop $nextRow
        (local.set $to
          (i32.add (local.get $target) (i32.mul (i32.load (local.get $targets)) (local.get $width))))
        (local.set $from
          (i32.add (local.get $source) (i32.mul (i32.load (local.get $sources)) (local.get $width))))
        (local.set $at (i32.const 0))
        (loop $next
          (v128.store
            (i32.add (local.get $to) (local.get $at))
            (f32x4.add
              (v128.load (i32.add (local.get $to) (local.get $at)))
              (v128.load (i32.add (local.get $from) (local.get $at)))))
          (br_if $next
            (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $width))))
        (local.set $sources (i32.add (local.get $sources) (i32.const 4)))
        (br_if $nextRow
          (i32.lt_u (local.tee $targets (i32.add (local.get $targets) (i32.const 4))) (local.get $end))))))

  ;; Σ x², summed in float64.
  (func (export "sumOfSquares") (param $source i32) (param $size i32) (result f64)
    (local $at i32) (local $low v128) (local $high v128) (local $sum v128)
    (block $done
      (br_if $done (i32.eqz (local.get $size)))
      (loop $next
        (local.set $low
          (f64x2.promote_low_f32x4 (v128.load64_zero (i32.add (local.get $source) (local.get $at)))))
        (local.set $high
          (f64x2.promote_low_f32x4 (v128.load64_zero offset=8 (i32.add (local.get $source) (local.get $at)))))
        (local.set $sum
          (f64x2.add
            (local.get $sum)
            (f64x2.add
              (f64x2.mul (local.get $low) (local.get $low))
              (f64x2.mul (local.get $high) (local.get $high)))))
        (br_if $next
          (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $size)))))
    (f64.add (f64x2.extract_lane 0 (local.get $sum)) (f64x2.extract_lane 1 (local.get $sum))))

  ;; Dropout masks: each element is 0 where a 16-bit random number is below $threshold, else $scale.
  ;; $state points at four seeds of xorshift32 (https://doi.org/10.18637/jss.v008.i14), none of them 0; each draw
  ;; serves two elements. $size is a multiple of 32.
  (func (export "mask") (param $target i32) (param $size i32) (param $state i32) (param $threshold i32) (param $scale f32)
    (local $end i32) (local $x v128)
    (local.set $x (v128.load (local.get $state)))
    (local.set $end (i32.add (local.get $target) (local.get $size)))
    (block $done
      (br_if $done (i32.eqz (local.get $size)))
      (loop $next
        (local.set $x (v128.xor (local.get $x) (i32x4.shl (local.get $x) (i32.const 13))))
        (local.set $x (v128.xor (local.get $x) (i32x4.shr_u (local.get $x) (i32.const 17))))
        (local.set $x (v128.xor (local.get $x) (i32x4.shl (local.get $x) (i32.const 5))))
        (v128.store
          (local.get $target)
          (v128.and
            (i32x4.ge_s (i32x4.shr_u (local.get $x) (i32.const 16)) (i32x4.splat (local.get $threshold)))
            (f32x4.splat (local.get $scale))))
        (v128.store offset=16
          (local.get $target)
          (v128.and
            (i32x4.ge_s
              (v128.and (local.get $x) (i32x4.splat (i32.const 0xffff)))
              (i32x4.splat (local.get $threshold)))
            (f32x4.splat (local.get $scale))))
        (br_if $next
          (i32.lt_u (local.tee $target (i32.add (local.get $target) (i32.const 32))) (local.get $end)))))
    (v128.store (local.get $state) (local.get $x))))
