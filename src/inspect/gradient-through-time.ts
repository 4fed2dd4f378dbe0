/** How much of a loss's gradient reaches each step: vanishing and exploding gradients, measured. */
import { ConfigError } from "../errors.js";
import type { Module } from "../nn/module.js";
import { type StepGradients, watchGradients } from "../ops/recurrent/observe.js";
import { gradientsOf } from "../tensor/tape.js";
import type { Tensor } from "../tensor/tensor.js";
import { type LayerPlace, type LayerRun, layerRuns, observed } from "./observe.js";

export interface LayerGradients extends LayerPlace {
  /** Norm of dLoss/dh over the batch at each step of the input, [T]; 0 where no row has that step. */
  readonly h: Float64Array;
  /** Norm of dLoss/dc, LSTM only. */
  readonly c: Float64Array | null;
}

export interface GradientThroughTime {
  readonly loss: number;
  /** Every recurrent layer and direction that the loss was computed with, in the order in which they ran. */
  readonly layers: readonly LayerGradients[];
}

/** A module that knows its loss. */
export interface WithLoss<Batch> extends Module {
  /** Rank 0, or one element. */
  loss(batch: Batch): Tensor;
}

/**
 * The norm of dLoss/dh and dLoss/dc at every step, in every recurrent layer of a model: stacked, bidirectional, projected, over ragged
 * lengths, cells in a loop (their single steps follow one another). The loss runs once, in a step of its own without dropout, with the
 * layers' own operation; the norms are of the gradients that its backward pass computes. dLoss/dh is the whole gradient of the state: by
 * way of later steps, of the layer above and of the loss; dLoss/dc likewise, by way of h too. What cells hand on is 0 below 2^-100.
 * Gradients, random streams and tape stay as they were.
 * @param loss from model and batch, one element; by default the model's own method `loss`
 * @throws StateError inside a training step, or when no recurrent layer of the model was used; ConfigError when there is no loss
 */
export function gradientThroughTime<Batch>(model: WithLoss<Batch>, batch: Batch): GradientThroughTime;
export function gradientThroughTime<Model extends Module, Batch>(
  model: Model,
  batch: Batch,
  loss: (model: Model, batch: Batch) => Tensor,
): GradientThroughTime;
export function gradientThroughTime<Batch>(
  model: Module,
  batch: Batch,
  loss: (model: Module, batch: Batch) => Tensor = ownLoss,
): GradientThroughTime {
  const where = "gradientThroughTime";
  return observed(
    where,
    model,
    () => loss(model, batch),
    (value, entries) => {
      const watched = layerRuns(where, model, entries).map((run) => ({ run, steps: run.calls.map(watchGradients) }));
      gradientsOf(where, value, []);
      return { loss: value.item(), layers: watched.flatMap(({ run, steps }) => joined(run, steps)) };
    },
  );
}

function ownLoss<Batch>(model: Module, batch: Batch): Tensor {
  if (typeof (model as Partial<WithLoss<Batch>>).loss === "function") return (model as WithLoss<Batch>).loss(batch);
  throw new ConfigError(`gradientThroughTime: ${model.constructor.name} has no method loss, wants one or a loss as third argument`);
}

/** Norms of each layer and direction, the calls one after the other. */
function joined({ place }: LayerRun, steps: readonly (readonly StepGradients[])[]): LayerGradients[] {
  return steps[0]!.map(({ c }, index) => {
    const norms = (state: "h" | "c") => Float64Array.from(steps.flatMap((call) => Array.from(call[index]![state]!, Math.sqrt)));
    return { ...place(index), h: norms("h"), c: c === null ? null : norms("c") };
  });
}
