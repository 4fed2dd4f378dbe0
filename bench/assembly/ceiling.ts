// f32_ceiling: the most that 128-bit multiply and add can do. Twelve independent chains a = a·x + y, 8 FLOP a vector and turn each;
// returns a sum so that nothing is removed. The yardstick of every M row. x and y are arguments (0.999, 0.001): V8 from 13 on makes vector
// constants anew at every use, which halves the speed of such a loop and more.
export function f32_ceiling(turns: i32, factor: f32, summand: f32): f32 {
  const x = f32x4.splat(factor);
  const y = f32x4.splat(summand);
  let a0 = f32x4.splat(0.0);
  let a1 = f32x4.splat(0.1);
  let a2 = f32x4.splat(0.2);
  let a3 = f32x4.splat(0.3);
  let a4 = f32x4.splat(0.4);
  let a5 = f32x4.splat(0.5);
  let a6 = f32x4.splat(0.6);
  let a7 = f32x4.splat(0.7);
  let a8 = f32x4.splat(0.8);
  let a9 = f32x4.splat(0.9);
  let a10 = f32x4.splat(1.0);
  let a11 = f32x4.splat(1.1);
  do {
    a0 = f32x4.add(f32x4.mul(a0, x), y);
    a1 = f32x4.add(f32x4.mul(a1, x), y);
    a2 = f32x4.add(f32x4.mul(a2, x), y);
    a3 = f32x4.add(f32x4.mul(a3, x), y);
    a4 = f32x4.add(f32x4.mul(a4, x), y);
    a5 = f32x4.add(f32x4.mul(a5, x), y);
    a6 = f32x4.add(f32x4.mul(a6, x), y);
    a7 = f32x4.add(f32x4.mul(a7, x), y);
    a8 = f32x4.add(f32x4.mul(a8, x), y);
    a9 = f32x4.add(f32x4.mul(a9, x), y);
    a10 = f32x4.add(f32x4.mul(a10, x), y);
    a11 = f32x4.add(f32x4.mul(a11, x), y);
  } while (--turns);
  const s0 = f32x4.add(f32x4.add(a0, a1), f32x4.add(a2, a3));
  const s1 = f32x4.add(f32x4.add(a4, a5), f32x4.add(a6, a7));
  const s2 = f32x4.add(f32x4.add(a8, a9), f32x4.add(a10, a11));
  const s = f32x4.add(f32x4.add(s0, s1), s2);
  return f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1) + f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3);
}
