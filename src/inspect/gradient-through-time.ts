/** How much of a loss's gradient reaches each step: vanishing and exploding gradients, measured. */
import type { Engine } from "../engine/engine.js";
import { ShapeError } from "../errors.js";
import type { GRU, LSTM, RNN } from "../nn/recurrent.js";
import { add } from "../ops/arithmetic.js";
import { concat, reshape, slice, stack } from "../ops/layout.js";
import { recurrent } from "../ops/recurrent/recurrent.js";
import { sizesOf } from "../ops/recurrent/spec.js";
import { zeros } from "../tensor/create.js";
import { show } from "../tensor/shape.js";
import { backward } from "../tensor/tape.js";
import type { Tensor } from "../tensor/tensor.js";

export interface GradientThroughTime {
  /** Norm of dLoss/dh over the batch, [layer][step]. */
  readonly h: Float64Array[];
  /** Norm of dLoss/dc, [layer][step]; LSTM only. */
  readonly c: Float64Array[] | null;
  readonly loss: number;
}

/**
 * Runs a layer step by step, with a zero added to every state whose gradient is then that of the state itself.
 * @param input f32 [B, T, inputSize]
 * @param loss from the outputs f32 [B, T, H] and the last h [L, B, H]; rank 0
 * @throws ShapeError when the layer reads in both directions or has a projection
 */
export function gradientThroughTime(
  engine: Engine,
  layer: RNN | LSTM | GRU,
  input: Tensor,
  loss: (output: Tensor, h: Tensor) => Tensor,
): GradientThroughTime {
  const { spec, weights } = layer;
  if (spec.bidirectional || spec.projSize > 0)
    throw new ShapeError("gradientThroughTime: the layer is bidirectional or projected, wants neither");
  if (input.rank !== 3 || input.shape[2] !== spec.inputSize) {
    throw new ShapeError(`gradientThroughTime: input has shape ${show(input.shape)}, wants [B, T, ${spec.inputSize}]`);
  }
  const before = layer.parameters().map((parameter) => parameter.grad);
  try {
    return engine.step(() => measure(engine, layer, weights, input, loss));
  } finally {
    layer.parameters().forEach((parameter, i) => {
      parameter.grad = before[i]!;
    });
  }
}

/** Zeros that want a gradient. */
function probe(engine: Engine, shape: readonly number[]): Tensor {
  const result = zeros(engine, shape);
  result.requiresGrad = true;
  return result;
}

const norm = (gradient: Tensor | null): number => {
  let sum = 0;
  for (const value of gradient?.data() ?? []) sum += value * value;
  return Math.sqrt(sum);
};

function measure(
  engine: Engine,
  { spec }: RNN | LSTM | GRU,
  weights: (RNN | LSTM | GRU)["weights"],
  input: Tensor,
  loss: (output: Tensor, h: Tensor) => Tensor,
): GradientThroughTime {
  const [batch, time] = input.shape as [number, number, number];
  const { hidden } = sizesOf(spec);
  const shape = [1, batch, hidden];
  const isLstm = spec.kind === "LSTM";
  const probes: { h: Tensor; c: Tensor | null }[][] = [];
  const last: Tensor[] = [];
  let inputs = Array.from({ length: time }, (_, t) => slice(input, 1, t, t + 1));
  for (const [index, own] of weights.entries()) {
    const single = { ...spec, numLayers: 1, inputSize: index === 0 ? spec.inputSize : hidden, dropout: 0 };
    let h = zeros(engine, shape);
    let c = isLstm ? zeros(engine, shape) : null;
    probes[index] = [];
    inputs = inputs.map((x) => {
      const step = recurrent(single, { input: x, weights: [own], h, c, lengths: undefined });
      const added = { h: probe(engine, shape), c: isLstm ? probe(engine, shape) : null };
      probes[index]!.push(added);
      h = add(step.h, added.h);
      c = step.c === null ? null : add(step.c, added.c!);
      return reshape(h, [batch, 1, hidden]);
    });
    last.push(h);
  }
  const value = loss(
    stack(
      inputs.map((x) => reshape(x, [batch, hidden])),
      1,
    ),
    concat(last),
  );
  backward(value);
  const series = (state: "h" | "c") => probes.map((steps) => Float64Array.from(steps, (added) => norm(added[state]?.grad ?? null)));
  return { h: series("h"), c: isLstm ? series("c") : null, loss: value.item() };
}
