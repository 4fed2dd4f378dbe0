/** What the training of every task has in common: options, optimizer, learning rate over time, the loop. */
import type { Engine } from "../engine/engine.js";
import type { Module } from "../nn/module.js";
import { Adam } from "../optim/adam.js";
import { inRange, wholeNumber } from "../options.js";
import { type FitOptions, type FitProgress, type FitResult, type FitTask, fit } from "../train/fit.js";

export interface TrainingOptions {
  readonly batchSize?: number;
  readonly epochs?: number;
  /** Peak learning rate; it rises over the first twentieth of training and falls to zero. */
  readonly lr?: number;
  /** Joint norm that gradients are clipped to. Default 1. */
  readonly clip?: number;
  /** Epochs without a better dev metric before training stops. Default 3. */
  readonly patience?: number;
  readonly maxSeconds?: number;
  readonly onProgress?: (progress: FitProgress) => void;
  readonly signal?: AbortSignal;
}

/** Keys of TrainingOptions, for checkOptions of a task. */
export const TRAINING_KEYS = ["batchSize", "epochs", "lr", "clip", "patience", "maxSeconds", "onProgress", "signal"] as const;

/** What a task chooses where the user says nothing. */
export type TrainingDefaults = Required<Pick<TrainingOptions, "batchSize" | "epochs" | "lr">>;

export type TrainingPlan = TrainingDefaults & Omit<TrainingOptions, keyof TrainingDefaults>;

/** @throws ConfigError on a bad option; keys are the task's to check */
export function planTraining(where: string, options: TrainingOptions, defaults: TrainingDefaults): TrainingPlan {
  return {
    ...options,
    batchSize: wholeNumber(where, "batchSize", options.batchSize ?? defaults.batchSize, 1),
    epochs: wholeNumber(where, "epochs", options.epochs ?? defaults.epochs, 1),
    lr: inRange(where, "lr", options.lr ?? defaults.lr, 0, 10),
  };
}

/** Linear rise to 1 over the first twentieth, then linear fall to 0. */
const warmThenFall = (done: number): number => (done < 0.05 ? done / 0.05 : (1 - done) / 0.95);

/** Trains the network in place, by Adam. */
export async function trainNetwork<Batch>(
  engine: Engine,
  network: Module,
  task: FitTask<Batch>,
  { epochs, lr, clip = 1, patience = 3, maxSeconds, onProgress, signal }: TrainingPlan,
): Promise<FitResult> {
  const fitOptions: FitOptions = {
    epochs,
    clip,
    patience,
    schedule: warmThenFall,
    ...(maxSeconds === undefined ? {} : { maxSeconds }),
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(signal === undefined ? {} : { signal }),
  };
  const optimizer = new Adam(network.parameters(), { lr });
  try {
    return await fit(engine, task, optimizer, fitOptions);
  } finally {
    optimizer.dispose();
  }
}
