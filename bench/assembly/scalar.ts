// The rung below SIMD: products and forward cells in scalar WebAssembly, for the benchmark only. Exports are named after the methods of
// Kernels that they stand in for; each element goes through the operations of assembly/ in the same order, so that the bits are the same.
export { gemm, gemmPacked, packB } from "./scalar-gemm";

import { sigmoid, tanh } from "./scalar-math";

export function lstmCell(h: usize, c: usize, tanhC: usize, gates: usize, cPrev: usize, rows: i32, hidden: i32, ldh: i32): void {
  const size = (<usize>hidden) << 2;
  for (; rows > 0; rows--) {
    for (let j: usize = 0; j < size; j += 4) {
      const gate = gates + j;
      const input = sigmoid(load<f32>(gate));
      const forget = sigmoid(load<f32>(gate + size));
      const candidate = tanh(load<f32>(gate + 2 * size));
      const output = sigmoid(load<f32>(gate + 3 * size));
      store<f32>(gate, input);
      store<f32>(gate + size, forget);
      store<f32>(gate + 2 * size, candidate);
      store<f32>(gate + 3 * size, output);
      const cell = forget * load<f32>(cPrev + j) + input * candidate;
      store<f32>(c + j, cell);
      const squashed = tanh(cell);
      if (tanhC) store<f32>(tanhC + j, squashed);
      store<f32>(h + j, output * squashed);
    }
    h += (<usize>ldh) << 2;
    c += size;
    if (tanhC) tanhC += size;
    gates += 4 * size;
    cPrev += size;
  }
}

export function gruCell(h: usize, gates: usize, hn: usize, hPrev: usize, rows: i32, hidden: i32, ldh: i32, ldhPrev: i32): void {
  const size = (<usize>hidden) << 2;
  for (; rows > 0; rows--) {
    for (let j: usize = 0; j < size; j += 4) {
      const gate = gates + j;
      const reset = sigmoid(load<f32>(gate));
      const update = sigmoid(load<f32>(gate + size));
      const fresh = tanh(load<f32>(gate + 2 * size) + reset * load<f32>(hn + j));
      store<f32>(gate, reset);
      store<f32>(gate + size, update);
      store<f32>(gate + 2 * size, fresh);
      const kept = update * load<f32>(hPrev + j);
      store<f32>(h + j, (<f32>1 - update) * fresh + kept);
    }
    h += (<usize>ldh) << 2;
    gates += 3 * size;
    hn += size;
    hPrev += (<usize>ldhPrev) << 2;
  }
}

export function rnnCell(h: usize, z: usize, rows: i32, hidden: i32, ldh: i32, mode: i32): void {
  const size = (<usize>hidden) << 2;
  for (; rows > 0; rows--) {
    for (let j: usize = 0; j < size; j += 4) {
      const v = load<f32>(z + j);
      store<f32>(h + j, mode == 0 ? tanh(v) : v < 0 ? <f32>0 : v);
    }
    h += (<usize>ldh) << 2;
    z += size;
  }
}
