/** Layers without recurrence. */
import {
  Dropout as DropoutLayer,
  type EmbeddingOptions,
  type Layer,
  LayerNorm as LayerNormLayer,
  type LayerNormOptions,
  Linear as LinearLayer,
  type LinearOptions,
  Tanh as TanhLayer,
} from "../../../src/index.js";
import type { Draw } from "../draw.js";
import { away, type Spread } from "../numbers.js";
import type { Case, Cases } from "../trial.js";
import { idsBeside } from "./layout.js";

/** A layer without parameters. */
const activation =
  (spread: Spread): Case<new () => Layer> =>
  (Kind, draw) => {
    const layer = draw.layer(new Kind());
    return { run: (x) => layer.forward(x!), inputs: [draw.leaf(draw.shape(), spread)], rows: 0 };
  };

/** Axes between the batch and the last one, which a layer works on. */
const between = (draw: Draw): number[] => draw.each([[], [3], [2, 1]]);

export const layers = {
  ReLU: activation(away(1, 0)),
  Tanh: activation((u) => 2 * u),
  Sigmoid: activation((u) => 4 * u),

  Dropout: (Dropout, draw) => {
    const layer = draw.layer(draw.flag() ? new Dropout(draw.from([0.25, 0, 1])) : new Dropout());
    return {
      run: (x) => layer.forward(x!),
      inputs: [draw.leaf(draw.shape())],
      training: draw.each([true, false]),
      rows: "the mask goes by the place in the whole tensor",
    };
  },

  Linear: (Linear, draw) => {
    const [batch, inFeatures, outFeatures] = draw.extents(3) as [number, number, number];
    const options: Required<Omit<LinearOptions, "weight">> = { inFeatures, outFeatures, bias: draw.each([true, false]) };
    const layer = draw.layer(new Linear(draw.engine, options));
    return { run: (x) => layer.forward(x!), inputs: [draw.leaf([batch, ...between(draw), inFeatures])], rows: 0 };
  },

  Embedding: (Embedding, draw) => {
    const [numEmbeddings, embeddingDim] = draw.extents(2) as [number, number];
    const paddingIdx = draw.smooth && numEmbeddings === 1 ? null : draw.each([null, 0, numEmbeddings - 1]);
    const options: Required<EmbeddingOptions> = { numEmbeddings, embeddingDim, paddingIdx, sparse: draw.each([false, true]) };
    const layer = draw.layer(new Embedding(draw.engine, options));
    const ids = idsBeside(draw, draw.shape(), numEmbeddings, paddingIdx);
    return { run: (given) => layer.forward(given!), inputs: [ids], rows: 0 };
  },

  LayerNorm: (LayerNorm, draw) => {
    const [batch, normalizedSize] = draw.extents(2) as [number, number];
    const eps = draw.smooth ? draw.each([0.1, 0.5]) : draw.from([1e-5, 0, 0.1]);
    const options: Required<LayerNormOptions> = { normalizedSize, eps, elementwiseAffine: draw.each([true, false]) };
    const layer = draw.layer(new LayerNorm(draw.engine, options));
    return { run: (x) => layer.forward(x!), inputs: [draw.leaf([batch, ...between(draw), normalizedSize], (u) => 2 * u)], rows: 0 };
  },

  Sequential: (Sequential, draw) => {
    const { engine } = draw;
    const [inFeatures, hidden, outFeatures] = draw.extents(3) as [number, number, number];
    const drop = draw.each([0, 0.3]);
    const parts: Layer[] = [
      new LinearLayer(engine, { inFeatures, outFeatures: hidden }),
      new TanhLayer(),
      new LayerNormLayer(engine, { normalizedSize: hidden, eps: 0.5 }),
      new DropoutLayer(drop),
      new LinearLayer(engine, { inFeatures: hidden, outFeatures }),
    ];
    const net = draw.layer(new Sequential(...parts));
    return { run: (x) => net.forward(x!), inputs: [draw.leaf([draw.extent(), inFeatures])], training: drop > 0, rows: 0 };
  },
} satisfies Cases;
