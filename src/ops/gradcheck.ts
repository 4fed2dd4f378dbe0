/** Compares the gradients of backward() with differences of the function itself. */
import { Stream } from "../engine/random.js";
import { NumericError } from "../errors.js";
import { checkOptions, inRange, wholeNumber } from "../options.js";
import { tensor } from "../tensor/create.js";
import { show } from "../tensor/shape.js";
import { backward, noGrad } from "../tensor/tape.js";
import { sameEngine, type Tensor } from "../tensor/tensor.js";
import { mul } from "./arithmetic.js";
import { sum } from "./reduce.js";

export interface GradcheckOptions {
  /** Distance of the points around each element. Default 2^-5: float32 rounds too much for less. */
  readonly epsilon?: number;
  /** Allowed error as a share of the largest gradient of the input, or of 1 when that is larger. Default 0.002. */
  readonly tolerance?: number;
  /** Elements tried of each input, spread evenly. Default 64. */
  readonly elements?: number;
  /** Run in a training step, so that dropout is on (with the same mask at every call). Default false. */
  readonly training?: boolean;
}

export interface GradcheckResult {
  /** Largest error found, as a share of what `tolerance` is a share of. */
  readonly maxError: number;
  /** Elements compared. */
  readonly checked: number;
}

/**
 * Checks d sum(w·y) / d input for random weights w, by five points around each element:
 * f'(x) = (8·(f(x+h) - f(x-h)) - (f(x+2h) - f(x-2h))) / 12h. The function has to be smooth there (no kink of relu or max within 2h).
 * @param fn deterministic, called inside steps
 * @param inputs persistent f32 tensors; those that require a gradient are checked, and hold their old values afterwards
 * @throws NumericError naming input, element, both values and the tolerance
 */
export function gradcheck(fn: (...inputs: Tensor[]) => Tensor, inputs: readonly Tensor[], options: GradcheckOptions = {}): GradcheckResult {
  checkOptions("gradcheck", options, ["epsilon", "tolerance", "elements", "training"]);
  const epsilon = inRange("gradcheck", "epsilon", options.epsilon ?? 0.03125, Number.MIN_VALUE, 1);
  const tolerance = inRange("gradcheck", "tolerance", options.tolerance ?? 0.002, 0, 1);
  const elements = wholeNumber("gradcheck", "elements", options.elements ?? 64, 1);
  const engine = sameEngine("gradcheck", inputs[0]!, ...inputs.slice(1));
  const step = <T>(body: () => T) => engine.step(body, { training: options.training ?? false, step: 0 });

  const weights: number[] = [];
  const weightsOf = (size: number) => {
    const stream = new Stream([0x67726164, weights.length]);
    while (weights.length < size) weights.push(2 * stream.nextFloat() - 1);
    return weights.slice(0, size);
  };
  const value = (): number =>
    step(() =>
      noGrad(engine, () => {
        const y = fn(...inputs).data();
        return weightsOf(y.length).reduce((total, weight, i) => total + weight * y[i]!, 0);
      }),
    );
  for (const input of inputs) input.clearGrad();
  step(() => {
    const y = fn(...inputs);
    backward(sum(mul(y, tensor(engine, Float32Array.from(weightsOf(y.size)), y.shape))));
  });

  let maxError = 0;
  let checked = 0;
  for (const [position, input] of inputs.entries()) {
    if (!input.requiresGrad) continue;
    const analytic = input.grad?.data() ?? new Float32Array(input.size);
    const scale = Array.from(analytic).reduce((top, g) => Math.max(top, Math.abs(g)), 1);
    const before = input.data();
    const around = (i: number, offset: number): number => {
      const moved = before.slice();
      moved[i] = before[i]! + offset;
      input.assign(moved);
      return value();
    };
    try {
      const stride = Math.max(1, Math.floor(input.size / elements));
      for (let i = 0; i < input.size; i += stride) {
        const near = around(i, epsilon) - around(i, -epsilon);
        const far = around(i, 2 * epsilon) - around(i, -2 * epsilon);
        const numeric = (8 * near - far) / (12 * epsilon);
        const error = Math.abs(numeric - analytic[i]!) / scale;
        checked++;
        if (!(error <= tolerance)) {
          throw new NumericError(
            `gradcheck: input ${position} ${show(input.shape)}, element ${i}: backward gives ${analytic[i]}, differences give ${numeric}, wants them within ${tolerance * scale}`,
          );
        }
        maxError = Math.max(maxError, error);
      }
    } finally {
      input.assign(before);
    }
  }
  return { maxError, checked };
}
