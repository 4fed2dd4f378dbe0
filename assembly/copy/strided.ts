// x32_copy_strided: y[r·yRow + c·yCol] = x[r·xRow + c·xCol] for r < rows, c < cols; strides in elements, 0 in x repeats. Words are
//   copied as bits. f32_add_strided: y += x over the same places, which are distinct within one call. y and x do not overlap.
// Where neither has neighbours along c but both along r, the loops are exchanged (a transposed matrix is one of these).

import { load4, store4 } from "../simd/tail";

/** One row whose elements are neighbours in y, and neighbours (xCol 1) or all the same (xCol 0) in x. */
function denseRow(add: bool, repeat: bool, y: usize, x: usize, cols: i32): void {
  for (; cols >= 4; cols -= 4, y += 16) {
    const v = repeat ? v128.load32_splat(x) : v128.load(x);
    v128.store(y, add ? f32x4.add(v128.load(y), v) : v);
    if (!repeat) x += 16;
  }
  if (cols > 0) {
    const v = repeat ? v128.load32_splat(x) : load4(false, x, cols);
    store4(false, y, add ? f32x4.add(load4(false, y, cols), v) : v, cols);
  }
}

function strided(add: bool, y: usize, x: usize, rows: i32, cols: i32, yRow: usize, yCol: usize, xRow: usize, xCol: usize): void {
  if (yRow == 4 && yCol != 4) {
    const count = rows;
    rows = cols;
    cols = count;
    const toRow = yRow;
    yRow = yCol;
    yCol = toRow;
    const fromRow = xRow;
    xRow = xCol;
    xCol = fromRow;
  }
  for (; rows > 0; rows--) {
    // A copy by the runtime: as fast, and as fast at first, when a loop still runs in code that nobody has optimised.
    if (!add && yCol == 4 && xCol == 4) memory.copy(y, x, (<usize>cols) << 2);
    else if (yCol == 4 && xCol == 4) inline.always(denseRow(add, false, y, x, cols));
    else if (yCol == 4 && xCol == 0) inline.always(denseRow(add, true, y, x, cols));
    else {
      let to = y;
      let from = x;
      for (let c = 0; c < cols; c++) {
        if (add) store<f32>(to, load<f32>(to) + load<f32>(from));
        else store<u32>(to, load<u32>(from));
        to += yCol;
        from += xCol;
      }
    }
    y += yRow;
    x += xRow;
  }
}

export function x32_copy_strided(y: usize, x: usize, rows: i32, cols: i32, yRow: i32, yCol: i32, xRow: i32, xCol: i32): void {
  inline.always(strided(false, y, x, rows, cols, (<usize>yRow) << 2, (<usize>yCol) << 2, (<usize>xRow) << 2, (<usize>xCol) << 2));
}

export function f32_add_strided(y: usize, x: usize, rows: i32, cols: i32, yRow: i32, yCol: i32, xRow: i32, xCol: i32): void {
  inline.always(strided(true, y, x, rows, cols, (<usize>yRow) << 2, (<usize>yCol) << 2, (<usize>xRow) << 2, (<usize>xCol) << 2));
}
