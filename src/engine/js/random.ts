/** Random numbers of the kernels in TypeScript: the twins of assembly/random. */
import type { Heap } from "../heap.js";
import type { Kernels } from "../kernels.js";
import { threefry2x32 } from "../random.js";
import { normalQuantile } from "./quantile.js";

const f = Math.fround;
/** 2^-24: 24 random bits to [0, 1), exactly. */
const TO_UNIT = 5.9604644775390625e-8;

export function createRandom(heap: Heap): Pick<Kernels, "uniform" | "normal" | "dropout"> {
  return {
    uniform(y, n, key0, key1, low, high) {
      const m = heap.f32;
      const start = f(low);
      const range = f(f(high) - start);
      for (let i = 0; i < n; i += 2) {
        const words = threefry2x32(key0, key1, 0, i >>> 1);
        for (let j = 0; j < 2 && i + j < n; j++) m[(y >>> 2) + i + j] = start + f(((words[j] as number) >>> 8) * TO_UNIT * range);
      }
    },
    normal(y, n, key0, key1, mean, std) {
      const m = heap.f32;
      for (let i = 0; i < n; i += 2) {
        const words = threefry2x32(key0, key1, 0, i >>> 1);
        for (let j = 0; j < 2 && i + j < n; j++)
          m[(y >>> 2) + i + j] = mean + std * normalQuantile(((words[j] as number) + 0.5) / 4294967296);
      }
    },
    dropout(y, x, n, key0, key1, threshold, scale, beta) {
      const m = heap.f32;
      const by = f(scale);
      const b = f(beta);
      for (let i = 0; i < n; i += 2) {
        const words = threefry2x32(key0, key1, 0, i >>> 1);
        for (let j = 0; j < 2 && i + j < n; j++) {
          const value = (words[j] as number) >>> 8 >= threshold ? f((m[(x >>> 2) + i + j] as number) * by) : 0;
          const to = (y >>> 2) + i + j;
          m[to] = b === 0 ? value : f(b * (m[to] as number)) + value;
        }
      }
    },
  };
}
