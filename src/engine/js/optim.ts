/** Optimizer updates in TypeScript: the twins of assembly/optim, operation by operation. */
import type { Heap } from "../heap.js";
import type { Kernels } from "../kernels.js";
import { floored, MIN_NORMAL } from "./math.js";

const f = Math.fround;

type Moments = Pick<Kernels, "sgd" | "adam" | "adamax" | "lion">;
type Adaptive = Pick<Kernels, "rmsprop" | "adagrad" | "adadelta">;

/** The gradient that all start from. */
function gradient(g: number, value: number, decay: number, maximize: number): number {
  const grad = maximize !== 0 ? -g : g;
  return decay === 0 ? grad : f(grad + f(decay * value));
}

export function createOptim(heap: Heap): Moments & Adaptive {
  return { ...moments(heap), ...adaptive(heap) };
}

function moments(heap: Heap): Moments {
  /** keep·(what is at i) + fresh·x, 0 below `floor`, stored. */
  const decayInto = (m: Float32Array, i: number, keep: number, fresh: number, x: number, floor = MIN_NORMAL): number => {
    const value = floored(f(f(keep * (m[i] as number)) + f(fresh * x)), floor);
    m[i] = value;
    return value;
  };
  return {
    sgd(p, g, buf, n, lr, momentum, dampening, weightDecay, nesterov, first, maximize) {
      const m = heap.f32;
      const rate = f(-lr);
      const keep = f(momentum);
      const fresh = f(1 - dampening);
      const decay = f(weightDecay);
      for (let i = 0; i < n; i++) {
        const value = m[(p >>> 2) + i] as number;
        let grad = gradient(m[(g >>> 2) + i] as number, value, decay, maximize);
        if (momentum !== 0) {
          const at = (buf >>> 2) + i;
          if (first !== 0) m[at] = grad;
          const velocity = first !== 0 ? grad : decayInto(m, at, keep, fresh, grad);
          grad = nesterov !== 0 ? f(grad + f(keep * velocity)) : velocity;
        }
        m[(p >>> 2) + i] = value + f(rate * grad);
      }
    },
    adam(p, g, first, second, top, n, stepSize, beta1, beta2, eps, rootCorrection2, weightDecay, decoupled, nesterovShare, maximize) {
      const m = heap.f32;
      const rate = f(-f(stepSize));
      const keep1 = f(beta1);
      const new1 = f(1 - beta1);
      const keep2 = f(beta2);
      const new2 = f(1 - beta2);
      const small = f(eps);
      const root = f(rootCorrection2);
      const share = f(nesterovShare);
      const decay = decoupled !== 0 ? 0 : f(weightDecay);
      const shrink = decoupled !== 0 && weightDecay !== 0 ? f(1 - weightDecay) : 1;
      for (let i = 0; i < n; i++) {
        const before = m[(p >>> 2) + i] as number;
        const grad = gradient(m[(g >>> 2) + i] as number, before, decay, maximize);
        let direction = decayInto(m, (first >>> 2) + i, keep1, new1, grad);
        let square = decayInto(m, (second >>> 2) + i, keep2, f(new2 * grad), grad, small > 0 ? MIN_NORMAL : 0);
        if (top !== 0) {
          square = Math.max(m[(top >>> 2) + i] as number, square);
          m[(top >>> 2) + i] = square;
        }
        if (share !== 0) direction = f(direction + f(share * grad));
        direction = f(direction / f(f(f(Math.sqrt(square)) / root) + small));
        m[(p >>> 2) + i] = f(before * shrink) + f(rate * direction);
      }
    },
    adamax(p, g, first, norm, n, stepSize, beta1, beta2, eps, weightDecay, maximize) {
      const m = heap.f32;
      const rate = f(-stepSize);
      const [keep1, new1, keep2, small, decay] = [f(beta1), f(1 - beta1), f(beta2), f(eps), f(weightDecay)];
      for (let i = 0; i < n; i++) {
        const value = m[(p >>> 2) + i] as number;
        const grad = gradient(m[(g >>> 2) + i] as number, value, decay, maximize);
        const mean = decayInto(m, (first >>> 2) + i, keep1, new1, grad);
        const largest = Math.max(f(keep2 * (m[(norm >>> 2) + i] as number)), f(Math.abs(grad) + small));
        m[(norm >>> 2) + i] = largest;
        m[(p >>> 2) + i] = value + f(rate * f(mean / largest));
      }
    },
    lion(p, g, first, n, lr, beta1, beta2, weightDecay, maximize) {
      const m = heap.f32;
      const rate = f(lr);
      const shrink = weightDecay === 0 ? 1 : f(1 - weightDecay);
      const [keep1, new1, keep2, new2] = [f(beta1), f(1 - beta1), f(beta2), f(1 - beta2)];
      for (let i = 0; i < n; i++) {
        const at = (first >>> 2) + i;
        const grad = gradient(m[(g >>> 2) + i] as number, 0, 0, maximize);
        const mixed = f(f(keep1 * (m[at] as number)) + f(new1 * grad));
        m[(p >>> 2) + i] = f((m[(p >>> 2) + i] as number) * shrink) + (mixed > 0 ? -rate : mixed < 0 ? rate : 0);
        decayInto(m, at, keep2, new2, grad);
      }
    },
  };
}

function adaptive(heap: Heap): Adaptive {
  /** keep·(what is at i) + (fresh·x)·x, 0 where it is subnormal unless eps is 0, stored. */
  const squareInto = (m: Float32Array, i: number, keep: number, x: number, eps: number): number => {
    const value = floored(f(f(f(keep) * (m[i] as number)) + f(f(f(1 - keep) * x) * x)), eps > 0 ? MIN_NORMAL : 0);
    m[i] = value;
    return value;
  };
  return {
    rmsprop(p, g, sq, mean, buf, n, lr, alpha, eps, weightDecay, momentum, maximize) {
      const m = heap.f32;
      const [rate, small, decay, keep] = [f(-lr), f(eps), f(weightDecay), f(momentum)];
      for (let i = 0; i < n; i++) {
        const value = m[(p >>> 2) + i] as number;
        const grad = gradient(m[(g >>> 2) + i] as number, value, decay, maximize);
        let average = squareInto(m, (sq >>> 2) + i, alpha, grad, small);
        if (mean !== 0) {
          const centre = floored(f(f(f(alpha) * (m[(mean >>> 2) + i] as number)) + f(f(1 - alpha) * grad)), MIN_NORMAL);
          m[(mean >>> 2) + i] = centre;
          average = f(average - f(centre * centre));
        }
        let direction = f(grad / f(f(Math.sqrt(average)) + small));
        if (buf !== 0) {
          direction = floored(f(f(keep * (m[(buf >>> 2) + i] as number)) + direction), MIN_NORMAL);
          m[(buf >>> 2) + i] = direction;
        }
        m[(p >>> 2) + i] = value + f(rate * direction);
      }
    },
    adagrad(p, g, sum, n, rate, eps, weightDecay, maximize) {
      const m = heap.f32;
      const [step, small, decay] = [f(-rate), f(eps), f(weightDecay)];
      for (let i = 0; i < n; i++) {
        const value = m[(p >>> 2) + i] as number;
        const grad = gradient(m[(g >>> 2) + i] as number, value, decay, maximize);
        const total = f((m[(sum >>> 2) + i] as number) + f(grad * grad));
        m[(sum >>> 2) + i] = total;
        m[(p >>> 2) + i] = value + f(step * f(grad / f(f(Math.sqrt(total)) + small)));
      }
    },
    adadelta(p, g, sq, acc, n, lr, rho, eps, weightDecay, maximize) {
      const m = heap.f32;
      const [rate, small, decay] = [f(-lr), f(eps), f(weightDecay)];
      for (let i = 0; i < n; i++) {
        const value = m[(p >>> 2) + i] as number;
        const grad = gradient(m[(g >>> 2) + i] as number, value, decay, maximize);
        const deviation = f(Math.sqrt(f(squareInto(m, (sq >>> 2) + i, rho, grad, small) + small)));
        const direction = f(f(f(Math.sqrt(f((m[(acc >>> 2) + i] as number) + small))) / deviation) * grad);
        squareInto(m, (acc >>> 2) + i, rho, direction, small);
        m[(p >>> 2) + i] = value + f(rate * direction);
      }
    },
  };
}
