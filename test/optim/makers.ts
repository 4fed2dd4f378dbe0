/** Every optimizer with options that bring all of its state into play. */
import {
  Adadelta,
  Adagrad,
  Adam,
  Adamax,
  AdamW,
  type CommonOptions,
  Lion,
  NAdam,
  type Optimizer,
  RAdam,
  RMSprop,
  SGD,
  type Tensor,
} from "../../src/index.js";

export type Common = Partial<CommonOptions>;

export const MAKERS: Readonly<Record<string, (parameters: Tensor[], common: Common) => Optimizer>> = {
  SGD: (p, common) => new SGD(p, { lr: 0.1, ...common }),
  "SGD with momentum": (p, common) => new SGD(p, { lr: 0.1, momentum: 0.9, dampening: 0.3, ...common }),
  "SGD with Nesterov": (p, common) => new SGD(p, { lr: 0.1, momentum: 0.9, nesterov: true, ...common }),
  Adam: (p, common) => new Adam(p, { lr: 0.01, ...common }),
  "Adam with AMSGrad": (p, common) => new Adam(p, { lr: 0.01, amsgrad: true, ...common }),
  AdamW: (p, common) => new AdamW(p, { lr: 0.01, ...common }),
  NAdam: (p, common) => new NAdam(p, common),
  RAdam: (p, common) => new RAdam(p, common),
  Adamax: (p, common) => new Adamax(p, common),
  RMSprop: (p, common) => new RMSprop(p, { momentum: 0.5, centered: true, ...common }),
  Adagrad: (p, common) => new Adagrad(p, { lrDecay: 0.1, initialAccumulatorValue: 0.1, ...common }),
  Adadelta: (p, common) => new Adadelta(p, common),
  Lion: (p, common) => new Lion(p, { lr: 0.01, ...common }),
};
