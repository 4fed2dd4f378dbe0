/** Optimizers and learning rates by name. */
import { cosPi } from "../engine/scalar.js";
import { Adam, AdamW, NAdam, RAdam } from "../optim/adam.js";
import { Adagrad, RMSprop } from "../optim/adaptive.js";
import { decayGroups } from "../optim/groups.js";
import { Lion } from "../optim/lion.js";
import type { Optimizer } from "../optim/optimizer.js";
import { SGD } from "../optim/sgd.js";
import type { Tensor } from "../tensor/tensor.js";

const OPTIMIZERS = {
  adagrad: Adagrad,
  adam: Adam,
  adamw: AdamW,
  lion: Lion,
  nadam: NAdam,
  radam: RAdam,
  rmsprop: RMSprop,
  sgd: SGD,
} as const;
export type OptimizerName = keyof typeof OPTIMIZERS;
export const OPTIMIZER_NAMES = Object.keys(OPTIMIZERS) as OptimizerName[];

/** The optimizer with its own defaults; weight decay leaves biases and norms alone. */
export function makeOptimizer(
  name: OptimizerName,
  named: readonly (readonly [string, Tensor])[],
  { lr, weightDecay }: { readonly lr: number; readonly weightDecay: number },
): Optimizer {
  const Kind = OPTIMIZERS[name] as typeof SGD;
  const groups =
    weightDecay > 0 ? decayGroups(named, weightDecay) : [{ params: [...new Set(named.map(([, parameter]) => parameter))], weightDecay }];
  return new Kind(groups, { lr }) as unknown as Optimizer;
}

const FALLS = {
  linear: (left: number) => left,
  cosine: (left: number) => (1 - cosPi(left)) / 2,
  constant: () => 1,
} as const;
export type ScheduleName = keyof typeof FALLS;
export const SCHEDULE_NAMES = Object.keys(FALLS) as ScheduleName[];

/** Share of the rate by the share of training done: a linear rise from 0 over `warmup`, then the fall to 0 that the name says. */
export const makeSchedule =
  (name: ScheduleName, warmup: number) =>
  (done: number): number =>
    done < warmup ? done / warmup : FALLS[name]((1 - done) / (1 - warmup));
