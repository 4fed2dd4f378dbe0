/** recurra: training and inference. */
import { trainAssets, training } from "./assets/train.js";
import type { EngineModules } from "./engine/abi.js";
import type { Engine } from "./engine/engine.js";
import { createEngineFrom, createEngineSync as createSync, type EngineOptions } from "./engine/load.js";

/** An engine that trains. @throws ConfigError on a bad option; StateError when the backend asked for is refused */
export const createEngine = (options: EngineOptions = {}): Promise<Engine> =>
  createEngineFrom(
    options,
    trainAssets(() => new URL("./worker.js", import.meta.url)),
  );

/** As createEngine from compiled modules { core, train }, without waiting. */
export const createEngineSync = (options: EngineOptions & { modules: EngineModules }): Engine => createSync(options, training);

export type { EngineModules } from "./engine/abi.js";
export { Engine, type EngineInfo, type StepOptions } from "./engine/engine.js";
export type { EngineOptions } from "./engine/load.js";
export * from "./errors.js";
export { readSafetensors, type Safetensors, type SafetensorsEntry } from "./io/safetensors.js";
export { readStateDict, writeStateDict } from "./io/state-dict.js";
export * from "./loss/binary.js";
export { type CrossEntropyOptions, crossEntropy, type NllOptions, nllLoss } from "./loss/cross-entropy.js";
export type { Reduction, ReductionOptions } from "./loss/reduction.js";
export * from "./loss/regression.js";
export type { RecurrentCell, StateOf, Step, StepResult } from "./nn/cell.js";
export type { CellLayer, CellLayerOptions, CellMaker, Cells } from "./nn/cell-layer.js";
export * from "./nn/cells.js";
export { Dropout, type Layer, ReLU, Sequential, Sigmoid, Tanh } from "./nn/containers.js";
export { Embedding, type EmbeddingOptions } from "./nn/embedding.js";
export * as init from "./nn/init.js";
export { LayerNorm, type LayerNormOptions } from "./nn/layer-norm.js";
export { Linear, type LinearOptions } from "./nn/linear.js";
export { Module } from "./nn/module.js";
export {
  type ForwardOptions,
  GRU,
  type GRUOptions,
  type HiddenState,
  LSTM,
  type LSTMOptions,
  type LSTMState,
  type RecurrentOptions,
  type RNNOptions,
} from "./nn/recurrent.js";
export { RNN } from "./nn/rnn.js";
export { abs, clamp, elu, gelu, hardSigmoid, hardTanh, leakyRelu, logSigmoid, silu, softplus } from "./ops/activation.js";
export { add, affine, div, mul, neg, sub } from "./ops/arithmetic.js";
export { dropout } from "./ops/dropout.js";
export { embedding, gather } from "./ops/embedding.js";
export { type GradcheckOptions, type GradcheckResult, gradcheck } from "./ops/gradcheck.js";
export { Parameter } from "./ops/init.js";
export { layerNorm } from "./ops/layer-norm.js";
export { concat, reshape, slice, stack, transpose } from "./ops/layout.js";
export { linear } from "./ops/linear.js";
export { matmul } from "./ops/matmul.js";
export { max, mean, type ReduceOptions, sum } from "./ops/reduce.js";
export { logSoftmax, maskedSoftmax, softmax } from "./ops/softmax.js";
export { exp, log, relu, sigmoid, sqrt, tanh } from "./ops/unary.js";
export * from "./optim/adam.js";
export * from "./optim/adaptive.js";
export { AveragedWeights, type AveragedWeightsOptions } from "./optim/averaged-weights.js";
export { type ClipOptions, clipGradNorm, clipGradValue } from "./optim/clip.js";
export { decayGroups } from "./optim/groups.js";
export { Lion, type LionOptions } from "./optim/lion.js";
export {
  type CommonOptions,
  type Group,
  Optimizer,
  type OptimizerValues,
  type ParameterGroup,
  type ParameterState,
} from "./optim/optimizer.js";
export * from "./optim/schedule.js";
export { type PlateauOptions, ReduceLROnPlateau, Scheduler } from "./optim/scheduler.js";
export { SGD, type SGDOptions } from "./optim/sgd.js";
export { detach, full, keep, ones, tensor, zeros } from "./tensor/create.js";
export { RowSparse } from "./tensor/row-sparse.js";
export type { StateDict, StateEntry, StateSource } from "./tensor/state.js";
export { type BackwardOptions, backward, noGrad } from "./tensor/tape.js";
export { type DType, type Gradient, Tensor } from "./tensor/tensor.js";
export type { FitCallback, FitProgress, FitState } from "./train/callbacks.js";
export { type FitOptions, type FitResult, type FitTask, fit } from "./train/fit.js";
export { VERSION } from "./version.js";
