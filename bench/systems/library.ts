/** recurra as a user has it: the built package, for its threads are modules beside it. In a page it is served under the same path. */
import type * as Source from "../../src/index.js";

const root = globalThis.process?.env?.RECURRA_ROOT;
const entry = new URL("dist/index.js", root === undefined ? new URL("/", globalThis.location.href) : `file://${root}/`).href;

export const {
  Adam,
  backward,
  createEngine,
  crossEntropy,
  Embedding,
  GRU,
  Linear,
  LSTM,
  Module,
  matmul,
  noGrad,
  RNN,
  relu,
  reshape,
  slice,
  tensor,
} = (await import(entry)) as typeof Source;
