/** recurra/infer: saved models and single steps, without tape and trainer. */
import { runAssets } from "./assets/run.js";
import type { EngineModules } from "./engine/abi.js";
import type { Engine } from "./engine/engine.js";
import { createEngineFrom, createEngineSync as createSync, type EngineOptions } from "./engine/load.js";

/** An engine that runs models. @throws ConfigError on a bad option; StateError when the backend asked for is refused */
export const createEngine = (options: EngineOptions = {}): Promise<Engine> =>
  createEngineFrom(
    options,
    runAssets(() => new URL("./worker.js", import.meta.url)),
  );

/** As createEngine from a compiled module { core }, without waiting. */
export const createEngineSync = (options: EngineOptions & { modules: EngineModules }): Engine =>
  createSync(options, { tape: null, trainAbi: null });

export type { EngineModules } from "./engine/abi.js";
export type { Engine, EngineInfo } from "./engine/engine.js";
export type { EngineOptions } from "./engine/load.js";
export * from "./errors.js";
export { readStateDict } from "./io/state-dict.js";
export { Embedding } from "./nn/embedding.js";
export { Linear } from "./nn/linear.js";
export { GRU, LSTM, RNN } from "./nn/recurrent.js";
export { logSoftmax, softmax } from "./ops/softmax.js";
export type { Prediction } from "./tasks/prediction.js";
export { RecurrentClassifier as SequenceClassifier } from "./tasks/recurrent-classifier.js";
export { tensor, zeros } from "./tensor/create.js";
export { Tensor } from "./tensor/tensor.js";
