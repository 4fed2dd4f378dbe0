// Vectors of which only the first lanes exist: the end of a row whose length is no multiple of 4. Nothing outside is touched.

/** The n (1 to 3) floats at p in the first lanes, 0 in the others. */
export function loadTail(p: usize, n: i32): v128 {
  if (n == 1) return v128.load32_zero(p);
  const v = v128.load64_zero(p);
  return n == 2 ? v : v128.load_lane<f32>(p, v, 2, 8);
}

function put(p: usize, v: v128, n: i32): void {
  if (n == 1) {
    v128.store_lane<f32>(p, v, 0);
    return;
  }
  v128.store_lane<f64>(p, v, 0);
  if (n == 3) v128.store_lane<f32>(p, v, 2, 8);
}

/** Stores the first n (1 to 3) lanes at p. (Inlined, so that no function with a v128 parameter is exported: asc warns of those.) */
@inline
export function storeTail(p: usize, v: v128, n: i32): void {
  put(p, v, n);
}

/** Four floats, or with `full` false (a constant) the n that are left. */
@inline
export function load4(full: bool, p: usize, n: i32): v128 {
  return full ? v128.load(p) : loadTail(p, n);
}

@inline
export function store4(full: bool, p: usize, v: v128, n: i32): void {
  if (full) v128.store(p, v);
  else storeTail(p, v, n);
}

/** All bits set in the first n lanes. */
@inline
export function firstLanes(n: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(n));
}

/** (l0 + l1) + (l2 + l3): the end of every sum over four lanes. */
@inline
export function sumLanes(v: v128): f32 {
  return (f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1)) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

/** beta·(what is at p) + v; with beta 0 v, and nothing is read. */
@inline
export function accumulate4(full: bool, p: usize, v: v128, n: i32, beta: f32): v128 {
  return beta == 0 ? v : f32x4.add(f32x4.mul(f32x4.splat(beta), load4(full, p, n)), v);
}
