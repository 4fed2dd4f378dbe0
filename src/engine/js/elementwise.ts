/** Elementwise kernels in TypeScript: the twins of assembly/elementwise, operation by operation. */
import type { Heap } from "../heap.js";
import type { Kernels } from "../kernels.js";
import { exp, log, relu, sigmoid, tanh } from "./math.js";

const f = Math.fround;

type Elementwise = Pick<
  Kernels,
  | "exp"
  | "log"
  | "sqrt"
  | "tanh"
  | "sigmoid"
  | "relu"
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "axpby"
  | "affine"
  | "expGrad"
  | "logGrad"
  | "sqrtGrad"
  | "tanhGrad"
  | "sigmoidGrad"
  | "reluGrad"
  | "mulAdd"
>;

export function createElementwise(heap: Heap): Elementwise {
  return { ...unary(heap), ...binary(heap), ...backward(heap) };
}

// One loop a kernel: a loop shared through a function value would call it for every element.

function unary(heap: Heap): Pick<Kernels, "exp" | "log" | "sqrt" | "tanh" | "sigmoid" | "relu"> {
  return {
    exp(y, x, n) {
      const m = heap.f32;
      for (let i = y >>> 2, j = x >>> 2, end = i + n; i < end; i++, j++) m[i] = exp(m[j] as number);
    },
    log(y, x, n) {
      const m = heap.f32;
      for (let i = y >>> 2, j = x >>> 2, end = i + n; i < end; i++, j++) m[i] = log(m[j] as number);
    },
    sqrt(y, x, n) {
      const m = heap.f32;
      for (let i = y >>> 2, j = x >>> 2, end = i + n; i < end; i++, j++) m[i] = Math.sqrt(m[j] as number);
    },
    tanh(y, x, n) {
      const m = heap.f32;
      for (let i = y >>> 2, j = x >>> 2, end = i + n; i < end; i++, j++) m[i] = tanh(m[j] as number);
    },
    sigmoid(y, x, n) {
      const m = heap.f32;
      for (let i = y >>> 2, j = x >>> 2, end = i + n; i < end; i++, j++) m[i] = sigmoid(m[j] as number);
    },
    relu(y, x, n) {
      const m = heap.f32;
      for (let i = y >>> 2, j = x >>> 2, end = i + n; i < end; i++, j++) m[i] = relu(m[j] as number);
    },
  };
}

/** A store to the heap rounds to f32, so the last operation of each needs no `fround`. */
function binary(heap: Heap): Pick<Kernels, "add" | "sub" | "mul" | "div" | "axpby" | "affine"> {
  return {
    add(y, a, b, n) {
      const m = heap.f32;
      const p = a >>> 2;
      const q = b >>> 2;
      const o = y >>> 2;
      for (let i = 0; i < n; i++) m[o + i] = (m[p + i] as number) + (m[q + i] as number);
    },
    sub(y, a, b, n) {
      const m = heap.f32;
      const p = a >>> 2;
      const q = b >>> 2;
      const o = y >>> 2;
      for (let i = 0; i < n; i++) m[o + i] = (m[p + i] as number) - (m[q + i] as number);
    },
    mul(y, a, b, n) {
      const m = heap.f32;
      const p = a >>> 2;
      const q = b >>> 2;
      const o = y >>> 2;
      for (let i = 0; i < n; i++) m[o + i] = (m[p + i] as number) * (m[q + i] as number);
    },
    div(y, a, b, n) {
      const m = heap.f32;
      const p = a >>> 2;
      const q = b >>> 2;
      const o = y >>> 2;
      for (let i = 0; i < n; i++) m[o + i] = (m[p + i] as number) / (m[q + i] as number);
    },
    axpby(y, x, n, alpha, beta) {
      const m = heap.f32;
      const a = f(alpha);
      const b = f(beta);
      const p = x >>> 2;
      const o = y >>> 2;
      if (b === 0) for (let i = 0; i < n; i++) m[o + i] = a * (m[p + i] as number);
      else for (let i = 0; i < n; i++) m[o + i] = f(b * (m[o + i] as number)) + f(a * (m[p + i] as number));
    },
    affine(y, x, n, alpha, shift) {
      const m = heap.f32;
      const a = f(alpha);
      const s = f(shift);
      const p = x >>> 2;
      const o = y >>> 2;
      for (let i = 0; i < n; i++) m[o + i] = f((m[p + i] as number) * a) + s;
    },
  };
}

function backward(heap: Heap): Pick<Kernels, "expGrad" | "logGrad" | "sqrtGrad" | "tanhGrad" | "sigmoidGrad" | "reluGrad" | "mulAdd"> {
  /** beta·m[at] + value; with beta 0 the value, and nothing is read. */
  const put = (m: Float32Array, at: number, value: number, beta: number) => {
    m[at] = beta === 0 ? value : f(beta * (m[at] as number)) + f(value);
  };
  return {
    expGrad(dx, dy, y, n, beta) {
      const m = heap.f32;
      const b = f(beta);
      for (let i = 0; i < n; i++) put(m, (dx >>> 2) + i, (m[(dy >>> 2) + i] as number) * (m[(y >>> 2) + i] as number), b);
    },
    logGrad(dx, dy, x, n, beta) {
      const m = heap.f32;
      const b = f(beta);
      for (let i = 0; i < n; i++) put(m, (dx >>> 2) + i, (m[(dy >>> 2) + i] as number) / (m[(x >>> 2) + i] as number), b);
    },
    sqrtGrad(dx, dy, y, n, beta) {
      const m = heap.f32;
      const b = f(beta);
      for (let i = 0; i < n; i++) put(m, (dx >>> 2) + i, (m[(dy >>> 2) + i] as number) / f(2 * (m[(y >>> 2) + i] as number)), b);
    },
    tanhGrad(dx, dy, y, n, beta) {
      const m = heap.f32;
      const b = f(beta);
      for (let i = 0; i < n; i++) {
        const v = m[(y >>> 2) + i] as number;
        put(m, (dx >>> 2) + i, (m[(dy >>> 2) + i] as number) * f(1 - f(v * v)), b);
      }
    },
    sigmoidGrad(dx, dy, y, n, beta) {
      const m = heap.f32;
      const b = f(beta);
      for (let i = 0; i < n; i++) {
        const v = m[(y >>> 2) + i] as number;
        put(m, (dx >>> 2) + i, (m[(dy >>> 2) + i] as number) * f(v * f(1 - v)), b);
      }
    },
    reluGrad(dx, dy, y, n, beta) {
      const m = heap.f32;
      const b = f(beta);
      for (let i = 0; i < n; i++) put(m, (dx >>> 2) + i, (m[(y >>> 2) + i] as number) <= 0 ? 0 : (m[(dy >>> 2) + i] as number), b);
    },
    mulAdd(y, a, b, n, alpha, beta) {
      const m = heap.f32;
      const scale = f(alpha);
      const keep = f(beta);
      for (let i = 0; i < n; i++) put(m, (y >>> 2) + i, f(scale * (m[(a >>> 2) + i] as number)) * (m[(b >>> 2) + i] as number), keep);
    },
  };
}
