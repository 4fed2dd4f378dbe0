/** Every recorded operation's gradient, by the name under which its forward pass records it. */
import type { Backward } from "../tensor/tape.js";
import { activationBackward } from "./activation.js";
import { addBackward, affineBackward, divBackward, mulBackward, negBackward, subBackward } from "./arithmetic.js";
import { crfBackward } from "./crf/likelihood.js";
import { crossEntropyBackward } from "./cross-entropy.js";
import { dropoutBackward } from "./dropout.js";
import { embeddingBackward, gatherBackward } from "./embedding.js";
import { normalizeBackward } from "./layer-norm.js";
import { concatBackward, reshapeBackward, sliceBackward, transposeBackward } from "./layout.js";
import { linearBackward } from "./linear.js";
import { matmulBackward } from "./matmul.js";
import { recurrentBackward } from "./recurrent/recurrent.js";
import { maxBackward, sumBackward } from "./reduce.js";
import { segmentSumBackward } from "./segment-sum.js";
import { logSoftmaxBackward, softmaxBackward } from "./softmax.js";
import { expBackward, logBackward, reluBackward, sigmoidBackward, sqrtBackward, tanhBackward } from "./unary.js";

export const backwards: Readonly<Record<string, Backward>> = {
  add: addBackward,
  sub: subBackward,
  mul: mulBackward,
  div: divBackward,
  neg: negBackward,
  affine: affineBackward,
  exp: expBackward,
  log: logBackward,
  sqrt: sqrtBackward,
  tanh: tanhBackward,
  sigmoid: sigmoidBackward,
  relu: reluBackward,
  activation: activationBackward,
  reshape: reshapeBackward,
  transpose: transposeBackward,
  slice: sliceBackward,
  concat: concatBackward,
  matmul: matmulBackward,
  linear: linearBackward,
  sum: sumBackward,
  max: maxBackward,
  embedding: embeddingBackward,
  gather: gatherBackward,
  segmentSum: segmentSumBackward,
  dropout: dropoutBackward,
  softmax: softmaxBackward,
  logSoftmax: logSoftmaxBackward,
  normalize: normalizeBackward,
  crossEntropy: crossEntropyBackward,
  crf: crfBackward,
  recurrent: recurrentBackward,
};
