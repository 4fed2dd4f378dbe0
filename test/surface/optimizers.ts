/** Options of every exported optimizer, for trials. */
import type {
  AdadeltaOptions,
  AdagradOptions,
  AdamaxOptions,
  AdamOptions,
  LionOptions,
  NAdamOptions,
  RAdamOptions,
  RMSpropOptions,
  SGDOptions,
} from "../../src/index.js";
import type { Numbers } from "./numbers.js";

type Options<O> = (draw: Numbers) => Required<O>;

const common = (draw: Numbers) => ({
  lr: draw.from([0.1, 0.001, draw.number(0, 1)]),
  weightDecay: draw.from([0, 0, draw.number(0, 0.1)]),
  maximize: draw.int(0, 3) === 0,
  lazy: draw.flag(),
});
const rate = (draw: Numbers) => draw.from([0, 0.9, 0.99, draw.number(0, 1)]);
const betas = (draw: Numbers) => [rate(draw), rate(draw)] as const;
const eps = (draw: Numbers) => draw.from([1e-8, 0, 1e-3]);
const moments = (draw: Numbers) => ({ ...common(draw), betas: betas(draw), eps: eps(draw) });

const sgd: Options<SGDOptions> = (draw) => {
  const momentum = draw.from([0, 0.9, draw.number(0, 1)]);
  const nesterov = momentum > 0 && draw.flag();
  return { ...common(draw), momentum, nesterov, dampening: nesterov ? 0 : draw.from([0, 0.3]) };
};
const adam: Options<AdamOptions> = (draw) => ({ ...moments(draw), amsgrad: draw.flag() });
const nadam: Options<NAdamOptions> = (draw) => ({ ...moments(draw), momentumDecay: draw.from([0.004, 0, 1]) });
const radam: Options<RAdamOptions> = moments;
const adamax: Options<AdamaxOptions> = moments;
const lion: Options<LionOptions> = (draw) => ({ ...common(draw), betas: betas(draw) });
const rmsprop: Options<RMSpropOptions> = (draw) => ({
  ...common(draw),
  alpha: rate(draw),
  eps: eps(draw),
  momentum: draw.from([0, 0.9]),
  centered: draw.flag(),
});
const adagrad: Options<AdagradOptions> = (draw) => ({
  ...common(draw),
  lrDecay: draw.from([0, 0.1]),
  initialAccumulatorValue: draw.from([0, 0.5]),
  eps: draw.from([1e-10, 0]),
});
const adadelta: Options<AdadeltaOptions> = (draw) => ({ ...common(draw), rho: rate(draw), eps: draw.from([1e-6, 0]) });

/** By the exported name; one without an entry fails exports.test.ts. */
export const OPTIMIZERS: Readonly<Record<string, (draw: Numbers) => object>> = {
  SGD: sgd,
  Adam: adam,
  AdamW: adam,
  NAdam: nadam,
  RAdam: radam,
  Adamax: adamax,
  Lion: lion,
  RMSprop: rmsprop,
  Adagrad: adagrad,
  Adadelta: adadelta,
};
