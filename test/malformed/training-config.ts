/** The configuration of a classifier's training, as a file. */
import { readConfig } from "../../src/io/config.js";
import { decodeUtf8 } from "../../src/io/json.js";
import { type Check, number, whole } from "../../src/options.js";
import { planTraining, TRAINING_KEYS, type TrainingOptions } from "../../src/tasks/training.js";

const training: Check<unknown> = (where, name, value) =>
  planTraining(where, { [name]: value }, { batchSize: 32, epochs: 10, lr: 0.01 })[name as keyof TrainingOptions];

const SCHEMA = {
  ...Object.fromEntries(TRAINING_KEYS.map((key) => [key, training])),
  embeddingDim: whole(1),
  hiddenSize: whole(1),
  numLayers: whole(1),
  dropout: number(undefined, 0, 1),
};

export const readTrainingConfig = (file: string, bytes: Uint8Array): Record<string, unknown> =>
  readConfig(file, decodeUtf8(file, bytes), SCHEMA);
