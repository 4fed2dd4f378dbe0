/**
 * The names under which the WebAssembly modules export the kernels. The only place in TypeScript that knows them;
 * test/engine/abi.test.ts holds it against the built modules.
 */
import type { CoreKernels, TrainKernels } from "./kernels.js";

/** Tiles of the relaxed build's products, rows x columns, by number (assembly/gemm/shape.ts). */
export const TILES = ["6x8", "6x8-fenced", "6x16"] as const;
/** The baseline has 4x8 only. */
export type Tile = "4x8" | (typeof TILES)[number];

/** Compiled modules; the inference entry has no train. */
export interface EngineModules {
  readonly core: WebAssembly.Module;
  readonly train?: WebAssembly.Module;
}

/** Instantiates a module over `memory`; a core's products take this tile. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory, tile: Tile): WebAssembly.Exports {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  (exports.use_tile as ((tile: number) => void) | undefined)?.(TILES.indexOf(tile as "6x8"));
  return exports;
}

export const CORE_ABI: { readonly [K in keyof CoreKernels]: string } = {
  gemm: "f32_gemm",
  packB: "f32_gemm_pack_b8",
  gemmPacked: "f32_gemm_packed",
  tanh: "f32_tanh",
  sigmoid: "f32_sigmoid",
  relu: "f32_relu",
  add: "f32_add",
  sub: "f32_sub",
  mul: "f32_mul",
  copyStrided: "x32_copy_strided",
  gatherRows: "f32_gather_rows",
  reduceSum: "f32_reduce_sum",
  reduceMax: "f32_reduce_max",
  softmax: "f32_softmax",
  logSoftmax: "f32_log_softmax",
  rnnCell: "f32_rnn_cell_fwd",
  lstmCell: "f32_lstm_cell_fwd",
  gruCell: "f32_gru_cell_fwd",
  gruReset: "f32_gru_reset_fwd",
  gruBlend: "f32_gru_blend_fwd",
  crfBest: "f32_crf_best",
};

export const TRAIN_ABI: { readonly [K in keyof TrainKernels]: string } = {
  exp: "f32_exp",
  log: "f32_log",
  sqrt: "f32_sqrt",
  div: "f32_div",
  axpby: "f32_axpby",
  affine: "f32_affine",
  expGrad: "f32_exp_bwd",
  logGrad: "f32_log_bwd",
  sqrtGrad: "f32_sqrt_bwd",
  tanhGrad: "f32_tanh_bwd",
  sigmoidGrad: "f32_sigmoid_bwd",
  reluGrad: "f32_relu_bwd",
  mulAdd: "f32_mul_add",
  activation: "f32_activation",
  activationSlope: "f32_activation_slope",
  addStrided: "f32_add_strided",
  scatterAddRows: "f32_scatter_add_rows",
  softmaxGrad: "f32_softmax_bwd",
  logSoftmaxGrad: "f32_log_softmax_bwd",
  normalize: "f32_normalize_fwd",
  normalizeGrad: "f32_normalize_bwd",
  crossEntropy: "f32_cross_entropy_fwd",
  crossEntropyGrad: "f32_cross_entropy_bwd",
  rnnCellGrad: "f32_rnn_cell_bwd",
  lstmCellGrad: "f32_lstm_cell_bwd",
  gruCellGrad: "f32_gru_cell_bwd",
  gruBlendGrad: "f32_gru_blend_bwd",
  gruResetGrad: "f32_gru_reset_bwd",
  crf: "f32_crf_fwd",
  crfGrad: "f32_crf_bwd",
  sgd: "f32_sgd",
  adam: "f32_adam",
  adamax: "f32_adamax",
  lion: "f32_lion",
  rmsprop: "f32_rmsprop",
  adagrad: "f32_adagrad",
  adadelta: "f32_adadelta",
  sumSquares: "f32_sum_squares",
  sumSquaresRows: "f32_sum_squares_rows",
  uniform: "f32_uniform",
  normal: "f32_normal",
  dropout: "f32_dropout",
};
