// Threefry-2x32 with 20 rounds (Salmon et al. 2011) under the key (key0, key1): block i has the counter (0, i), its two words serve
// elements 2i and 2i+1, so that any element can be drawn again. Four blocks a turn, one a lane; src/engine/random.ts has the scalar.
//
// f32_uniform: y[i] = low + (word >>> 8)·2^-24·(high - low), the difference in f32.
// f32_normal: y[i] = mean + std·normalQuantile((word + 0.5)·2^-32), in float64, rounded once (normal.ts).
// f32_dropout: y[i] = beta·y[i] + (word >>> 8 >= threshold ? x[i]·scale : 0); y may be x when beta is 0.

import { accumulate4, load4, store4 } from "../simd/tail";
import { deviates, PIECE } from "./normal";

const UNIFORM: i32 = 0;
const DROPOUT: i32 = 1;
const WORDS: i32 = 2;

function rotate(v: v128, bits: i32): v128 {
  return v128.or(i32x4.shl(v, bits), i32x4.shr_u(v, 32 - bits));
}

function mix(x: v128, y: v128, bits: i32): v128 {
  return v128.xor(inline.always(rotate(y, bits)), x);
}

/** What becomes of four words: x is 0 but in f32_dropout, where a is scale, b unused; in f32_uniform a is low and b the range. */
function emit(full: bool, mode: i32, y: usize, x: usize, n: i32, words: v128, a: f32, b: f32, threshold: i32, beta: f32): void {
  if (mode == WORDS) {
    store4(full, y, words, n);
    return;
  }
  const w = i32x4.shr_u(words, 8);
  if (mode == DROPOUT) {
    const kept = f32x4.mul(load4(full, x, n), f32x4.splat(a));
    const value = v128.and(kept, i32x4.ge_s(w, i32x4.splat(threshold)));
    store4(full, y, accumulate4(full, y, value, n, beta), n);
  } else {
    const unit = f32x4.mul(f32x4.convert_i32x4_u(w), f32x4.splat(5.9604644775390625e-8));
    store4(full, y, f32x4.add(f32x4.splat(a), f32x4.mul(unit, f32x4.splat(b))), n);
  }
}

function draw(mode: i32, y: usize, x: usize, first: i32, n: i32, key0: i32, key1: i32, a: f32, b: f32, threshold: i32, beta: f32): void {
  let block = i32x4.add(i32x4(0, 1, 2, 3), i32x4.splat(first));
  for (; n > 0; n -= 8) {
    let u = i32x4.splat(key0);
    let v = i32x4.add(block, i32x4.splat(key1));
    let ka = key1;
    let kb = 0x1bd11bda ^ key0 ^ key1;
    let kc = key0;
    let turns = 0x061a0f0d;
    let others = 0x18101d11;
    for (let group = 1; group <= 5; group++) {
      u = i32x4.add(u, v);
      v = inline.always(mix(u, v, turns & 255));
      u = i32x4.add(u, v);
      v = inline.always(mix(u, v, (turns >> 8) & 255));
      u = i32x4.add(u, v);
      v = inline.always(mix(u, v, (turns >> 16) & 255));
      u = i32x4.add(u, v);
      v = inline.always(mix(u, v, turns >> 24));
      u = i32x4.add(u, i32x4.splat(ka));
      v = i32x4.add(v, i32x4.splat(kb + group));
      const next = ka;
      ka = kb;
      kb = kc;
      kc = next;
      const used = turns;
      turns = others;
      others = used;
    }
    const low = v128.shuffle<i32>(u, v, 0, 4, 1, 5);
    const high = v128.shuffle<i32>(u, v, 2, 6, 3, 7);
    if (n >= 8) {
      inline.always(emit(true, mode, y, x, 4, low, a, b, threshold, beta));
      inline.always(emit(true, mode, y + 16, x + 16, 4, high, a, b, threshold, beta));
    } else if (n >= 4) {
      inline.always(emit(true, mode, y, x, 4, low, a, b, threshold, beta));
      if (n > 4) inline.always(emit(false, mode, y + 16, x + 16, n - 4, high, a, b, threshold, beta));
    } else inline.always(emit(false, mode, y, x, n, low, a, b, threshold, beta));
    block = i32x4.add(block, i32x4.splat(4));
    y += 32;
    x += 32;
  }
}

export function f32_uniform(y: usize, n: i32, key0: i32, key1: i32, low: f32, high: f32): void {
  inline.always(draw(UNIFORM, y, 0, 0, n, key0, key1, low, high - low, 0, 0));
}

export function f32_dropout(y: usize, x: usize, n: i32, key0: i32, key1: i32, threshold: i32, scale: f32, beta: f32): void {
  inline.always(draw(DROPOUT, y, x, 0, n, key0, key1, scale, 0, threshold, beta));
}

/** n deviates, the first from block `first`. */
function normals(y: usize, first: i32, n: i32, key0: i32, key1: i32, mean: f64, std: f64): void {
  inline.always(draw(WORDS, y, 0, first, n, key0, key1, 0, 0, 0, 0));
  inline.always(deviates(y, n, mean, std));
}

export function f32_normal(y: usize, n: i32, key0: i32, key1: i32, mean: f64, std: f64): void {
  // By pieces, so that the optimised function takes over as soon as it is there: a first call fills an embedding.
  for (let first = 0; n > 0; n -= PIECE) {
    normals(y, first, min(n, PIECE), key0, key1, mean, std);
    y += 4 * PIECE;
    first += PIECE / 2;
  }
}
