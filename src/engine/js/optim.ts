/** Optimizer updates in TypeScript: the twins of assembly/optim, operation by operation. */
import type { Heap } from "../heap.js";
import type { Kernels } from "../kernels.js";

const f = Math.fround;

export function createOptim(heap: Heap): Pick<Kernels, "sgd" | "adam"> {
  return {
    sgd(p, g, buf, n, lr, momentum, dampening, weightDecay, nesterov, first) {
      const m = heap.f32;
      const rate = f(-lr);
      const keep = f(momentum);
      const fresh = f(1 - dampening);
      const decay = f(weightDecay);
      for (let i = 0; i < n; i++) {
        const value = m[(p >>> 2) + i] as number;
        let grad = m[(g >>> 2) + i] as number;
        if (decay !== 0) grad = f(grad + f(decay * value));
        if (momentum !== 0) {
          const velocity = first !== 0 ? grad : f(f(keep * (m[(buf >>> 2) + i] as number)) + f(fresh * grad));
          m[(buf >>> 2) + i] = velocity;
          grad = nesterov !== 0 ? f(grad + f(keep * velocity)) : velocity;
        }
        m[(p >>> 2) + i] = value + f(rate * grad);
      }
    },
    adam(p, g, first, second, n, stepSize, beta1, beta2, eps, rootCorrection2, decay, decoupled) {
      const m = heap.f32;
      const rate = f(-f(stepSize));
      const keep1 = f(beta1);
      const new1 = f(1 - beta1);
      const keep2 = f(beta2);
      const new2 = f(1 - beta2);
      const small = f(eps);
      const root = f(rootCorrection2);
      const shrink = decoupled !== 0 ? f(1 - decay) : f(decay);
      for (let i = 0; i < n; i++) {
        let value = m[(p >>> 2) + i] as number;
        let grad = m[(g >>> 2) + i] as number;
        if (decay !== 0) {
          if (decoupled !== 0) value = f(value * shrink);
          else grad = f(grad + f(shrink * value));
        }
        const mean = f(f(keep1 * (m[(first >>> 2) + i] as number)) + f(new1 * grad));
        const square = f(f(keep2 * (m[(second >>> 2) + i] as number)) + f(f(new2 * grad) * grad));
        m[(first >>> 2) + i] = mean;
        m[(second >>> 2) + i] = square;
        m[(p >>> 2) + i] = value + f(rate * f(mean / f(f(f(Math.sqrt(square)) / root) + small)));
      }
    },
  };
}
