// Over rows of n >= 1 floats, all [rows, n] dense. Sums are taken in f64 over four lanes, lane j takes elements j, j+4, …, and end as
// (l0 + l1) + (l2 + l3); what is made of them is f32. A row alone and in a batch gives the same bits.
//
// f32_normalize_fwd: y = (x - m)·s, m = mean(x), s = 1/sqrt(mean((x - m)²) + eps); scales [rows] = s. y may be x.
// f32_normalize_bwd: dx = beta·dx + s·(dy - mean(dy) - y·mean(dy·y)). dx is not read when beta is 0, and may be dy or y then.

import { accumulate4, firstLanes, loadTail, storeTail } from "../simd/tail";

enum Sum {
  /** a */
  Plain,
  /** (a - m)² */
  Squares,
  /** a·b */
  Products,
}

/** f64, so that a mean of it is rounded once. */
function total(kind: Sum, a: usize, b: usize, n: i32, m: f32): f64 {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  for (; n > 0; n -= 4, a += 16, b += 16) {
    let v = n >= 4 ? v128.load(a) : loadTail(a, n);
    let u = f32x4.splat(1);
    if (kind == Sum.Squares) {
      v = v128.and(f32x4.sub(v, f32x4.splat(m)), firstLanes(n));
      u = v;
    } else if (kind == Sum.Products) u = n >= 4 ? v128.load(b) : loadTail(b, n);
    low = f64x2.add(low, f64x2.mul(f64x2.promote_low_f32x4(v), f64x2.promote_low_f32x4(u)));
    v = v128.shuffle<i32>(v, u, 2, 3, 6, 7);
    u = v128.shuffle<i32>(v, v, 2, 3, 2, 3);
    high = f64x2.add(high, f64x2.mul(f64x2.promote_low_f32x4(v), f64x2.promote_low_f32x4(u)));
  }
  return f64x2.extract_lane(low, 0) + f64x2.extract_lane(low, 1) + (f64x2.extract_lane(high, 0) + f64x2.extract_lane(high, 1));
}

export function f32_normalize_fwd(y: usize, scales: usize, x: usize, rows: i32, n: i32, eps: f32): void {
  for (; rows > 0; rows--, scales += 4) {
    const m = <f32>(total(Sum.Plain, x, 0, n, 0) / <f64>n);
    const s = <f32>(1 / sqrt<f64>(total(Sum.Squares, x, 0, n, m) / <f64>n + <f64>eps));
    store<f32>(scales, s);
    let k = n;
    for (; k >= 4; k -= 4, x += 16, y += 16) v128.store(y, f32x4.mul(f32x4.sub(v128.load(x), f32x4.splat(m)), f32x4.splat(s)));
    if (k > 0) storeTail(y, f32x4.mul(f32x4.sub(loadTail(x, k), f32x4.splat(m)), f32x4.splat(s)), k);
    const rest = (<usize>k) << 2;
    x += rest;
    y += rest;
  }
}

export function f32_normalize_bwd(dx: usize, dy: usize, y: usize, scales: usize, rows: i32, n: i32, beta: f32): void {
  for (; rows > 0; rows--, scales += 4) {
    const c = f32x4.splat(<f32>(total(Sum.Plain, dy, 0, n, 0) / <f64>n));
    const d = f32x4.splat(<f32>(total(Sum.Products, dy, y, n, 0) / <f64>n));
    const s = v128.load32_splat(scales);
    for (let k = n; k > 0; k -= 4) {
      const full = k >= 4;
      const g = full ? v128.load(dy) : loadTail(dy, k);
      const v = f32x4.mul(s, f32x4.sub(f32x4.sub(g, c), f32x4.mul(full ? v128.load(y) : loadTail(y, k), d)));
      if (full) v128.store(dx, accumulate4(true, dx, v, 4, beta));
      else storeTail(dx, accumulate4(false, dx, v, k, beta), k);
      const step = (<usize>min(k, 4)) << 2;
      dx += step;
      dy += step;
      y += step;
    }
  }
}
