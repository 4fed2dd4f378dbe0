// f32_gather_rows: y[i·ldy + j] = table[ids[i]·dim + j], i < count, j < dim.
// f32_scatter_add_rows: table[ids[i]·dim + j] += x[i·ldx + j], i in order; rows with id `skip` are left out (-1: none).
// ids are i32 that the caller has checked; y and table, x and table do not overlap.

import { load4, store4 } from "../simd/tail";

function addRow(y: usize, x: usize, n: i32): void {
  for (; n >= 4; n -= 4, y += 16, x += 16) v128.store(y, f32x4.add(v128.load(y), v128.load(x)));
  if (n > 0) store4(false, y, f32x4.add(load4(false, y, n), load4(false, x, n)), n);
}

export function f32_gather_rows(y: usize, table: usize, ids: usize, count: i32, dim: i32, ldy: i32): void {
  for (; count > 0; count--) {
    memory.copy(y, table + ((<usize>load<u32>(ids) * <usize>dim) << 2), (<usize>dim) << 2);
    y += (<usize>ldy) << 2;
    ids += 4;
  }
}

export function f32_scatter_add_rows(table: usize, x: usize, ids: usize, count: i32, dim: i32, ldx: i32, skip: i32): void {
  for (; count > 0; count--) {
    const id = load<i32>(ids);
    if (id != skip) inline.always(addRow(table + ((<usize>id * <usize>dim) << 2), x, dim));
    x += (<usize>ldx) << 2;
    ids += 4;
  }
}
