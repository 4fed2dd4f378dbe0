/** What the training of every task has in common: options, optimizer, learning rate over time, checkpoints, the loop. */
import type { Engine } from "../engine/engine.js";
import { ConfigError } from "../errors.js";
import { decodeModelFile, type ModelDescription, type PlainJson } from "../io/model-file.js";
import { toStateEntries } from "../io/state-dict.js";
import type { Module } from "../nn/module.js";
import { AveragedWeights, type AveragedWeightsOptions } from "../optim/averaged-weights.js";
import { type Check, number, optional, rate, readOptions, whole, word } from "../options.js";
import type { FitCallback, FitProgress, FitState } from "../train/callbacks.js";
import { type Carried, type CheckpointOptions, openCheckpoints } from "../train/checkpoint.js";
import { type FitOptions, type FitResult, type FitTask, fit } from "../train/fit.js";
import { frozenParameters, initialiseFrom, type Rows } from "./fine-tuning.js";
import { makeOptimizer, makeSchedule, OPTIMIZER_NAMES, type OptimizerName, SCHEDULE_NAMES, type ScheduleName } from "./recipe.js";
import { type Log, logging } from "./training-log.js";

export interface TrainingOptions {
  readonly batchSize?: number;
  readonly epochs?: number;
  /** Peak learning rate. */
  readonly lr?: number;
  /** Default "adam". */
  readonly optimizer?: OptimizerName;
  /** Of weights, not of biases and norms: added to the gradient, or with adamw and lion taken off the weight. Default 0. */
  readonly weightDecay?: number;
  /** How the rate falls to 0 after its rise, or that it stays. Default "linear". */
  readonly schedule?: ScheduleName;
  /** Share of the training over which the rate rises, below 1. Default 0.05. */
  readonly warmup?: number;
  /** Batches joined in one update. Default 1. */
  readonly accumulate?: number;
  /** Evaluate and keep averages of the weights instead of the weights; by default none are made. */
  readonly average?: AveragedWeightsOptions;
  /** Joint norm that gradients are clipped to. Default 1. */
  readonly clip?: number;
  /** Updates from one evaluation to the next; by default there is one at the end of every epoch. */
  readonly evaluateEvery?: number;
  /** Evaluations without a better dev metric before training stops. Default 3. */
  readonly patience?: number;
  /** What a loss or a gradient that is not finite does: throw (the default), or leave out its update. */
  readonly onNonFinite?: "throw" | "skip";
  /**
   * Bytes of a model file to start from: tensors of the same name and shape, rows of the same token or label; the rest starts fresh. Of a
   * language model classifiers and taggers take embedding and encoder over, and its sizes (and a classifier its tokenizer) where none are given.
   */
  readonly init?: Uint8Array;
  /** Starts of names of parameters that keep their values. */
  readonly freeze?: readonly string[];
  /**
   * Where to keep `best.safetensors` and `last.safetensors`, and whether to go on from the latter: N steps, a new process and N steps
   * give the bits of 2N steps in reproducible mode, but for maxSeconds, with which the rates follow the clock.
   */
  readonly checkpoint?: CheckpointOptions;
  readonly maxSeconds?: number;
  readonly callbacks?: readonly FitCallback[];
  readonly onProgress?: (progress: FitProgress) => void;
  /** Records that JSON can hold: start, init, resume, every hundredth step, evaluate, epoch, checkpoint, end. */
  readonly log?: Log;
  /** An abort lets the running update be finished and `last.safetensors` be written. */
  readonly signal?: AbortSignal;
}

/** For what others check, and what only has to be there. */
const any =
  <T>(): Check<T> =>
  (_where, _name, value) =>
    value as T;

const starts: Check<readonly string[]> = (where, name, value) => {
  const list = value ?? [];
  if (!Array.isArray(list) || list.some((prefix) => typeof prefix !== "string"))
    throw new ConfigError(`${where}: ${name} ${JSON.stringify(value)}, wants a list of starts of names`);
  return list;
};

/** As TrainingOptions, with what is chosen where nothing is said. */
export interface TrainingPlan extends TrainingOptions {
  readonly batchSize: number;
  readonly epochs: number;
  readonly lr: number;
  readonly optimizer: OptimizerName;
  readonly weightDecay: number;
  readonly schedule: ScheduleName;
  readonly warmup: number;
  readonly accumulate: number;
  readonly clip: number;
  readonly patience: number;
  readonly onNonFinite: "throw" | "skip";
  readonly freeze: readonly string[];
}

const CHECKS: { readonly [K in keyof TrainingOptions]-?: Check<TrainingPlan[K]> } = {
  batchSize: whole(1),
  epochs: whole(1),
  lr: number(undefined, 0, 10),
  optimizer: word("adam", OPTIMIZER_NAMES),
  weightDecay: number(0),
  schedule: word("linear", SCHEDULE_NAMES),
  warmup: rate(0.05),
  accumulate: whole(1, 1),
  average: any(),
  clip: number(1, 0, Number.POSITIVE_INFINITY),
  evaluateEvery: optional(whole(1)) as Check<never>,
  patience: number(3, 0, Number.POSITIVE_INFINITY),
  onNonFinite: word("throw", ["throw", "skip"]),
  init: any(),
  freeze: starts,
  checkpoint: any(),
  maxSeconds: optional(number(undefined, 0, Number.POSITIVE_INFINITY)) as Check<never>,
  callbacks: any(),
  onProgress: any(),
  log: any(),
  signal: any(),
};

/** Keys of TrainingOptions, for checkOptions of a task. */
export const TRAINING_KEYS = Object.keys(CHECKS) as readonly (keyof TrainingOptions)[];

/** What a task chooses where the user says nothing. */
export type TrainingDefaults = Required<Pick<TrainingOptions, "batchSize" | "epochs" | "lr">> & TrainingOptions;

const isThere = ([, value]: readonly [string, unknown]) => value !== undefined && value !== null;

/** @throws ConfigError on a bad option; keys are the task's to check */
export function planTraining(where: string, options: TrainingOptions, defaults: TrainingDefaults): TrainingPlan {
  const own = TRAINING_KEYS.map((key) => [key, options[key] ?? defaults[key]] as const);
  const plan = readOptions<Required<TrainingPlan>>(where, Object.fromEntries(own), CHECKS as { [K in keyof TrainingPlan]-?: Check<never> });
  return Object.fromEntries(Object.entries(plan).filter(isThere)) as unknown as TrainingPlan;
}

/** A task that can be kept in files. */
export interface TrainedTask<Batch> extends FitTask<Batch> {
  /** The bytes of its model file, with tensors under the network's own names. Checkpoints want it. */
  save?(): Uint8Array;
  /** What the rows of parameters stand for in the model that training starts from (`init`) and in this one. */
  rows?(from: ModelDescription): Rows;
  /** What goes from one batch to the next besides parameters. */
  readonly carried?: Carried;
}

/** Trains the network in place. @throws ConfigError on options that do not fit the network, and what fit and the checkpoint's store throw */
export async function trainNetwork<Batch>(
  engine: Engine,
  network: Module,
  task: TrainedTask<Batch>,
  plan: TrainingPlan,
): Promise<FitResult> {
  const where = "trainNetwork";
  const frozen = frozenParameters(where, network, plan.freeze);
  const named = [...network.namedParameters()].filter(([, parameter]) => !frozen.has(parameter));
  if (named.length === 0) throw new ConfigError(`${where}: freeze leaves no parameter, wants at least 1 to train`);
  if (plan.checkpoint !== undefined && task.save === undefined)
    throw new ConfigError(`${where}: checkpoint of a task without save(), wants one that has it`);
  const { log = () => {} } = plan;
  if (plan.init !== undefined) {
    const { tensors, model } = decodeModelFile(plan.init);
    log({ event: "init", ...initialiseFrom(network, toStateEntries(tensors), task.rows?.(model)) });
  }
  const optimizer = makeOptimizer(plan.optimizer, named, plan);
  const average = plan.average === undefined ? undefined : new AveragedWeights(optimizer.parameters, plan.average);
  for (const parameter of frozen) parameter.requiresGrad = false;
  try {
    const settings = settingsOf(engine, plan);
    const size = (parameters: Iterable<{ size: number }>) => Array.from(parameters).reduce((sum, { size }) => sum + size, 0);
    log({ event: "start", parameters: size(network.parameters()), trained: size(optimizer.parameters), ...settings });
    const parts = { network, optimizer, average, settings, save: () => task.save!(), carried: task.carried };
    const kept = plan.checkpoint && (await openCheckpoints(parts, plan.checkpoint, log));
    const result = await fit(engine, task, optimizer, fitOptions(plan, average, kept?.state, kept?.callback));
    const { metric = null, ...rest } = result;
    log({ event: "end", ...rest, metric });
    return result;
  } finally {
    for (const parameter of frozen) parameter.requiresGrad = true;
    optimizer.dispose();
    average?.dispose();
  }
}

/** Options that the bits depend on, and must not change in a run that goes on. */
function settingsOf({ seed, info }: Engine, plan: TrainingPlan): Record<string, PlainJson> {
  const { batchSize, epochs, lr, optimizer, weightDecay, schedule, warmup, accumulate, clip, onNonFinite } = plan;
  return {
    ...{ batchSize, epochs, lr, optimizer, weightDecay, schedule, warmup, accumulate, clip: String(clip), onNonFinite },
    evaluateEvery: plan.evaluateEvery ?? null,
    average: plan.average === undefined ? null : { ...plan.average },
    freeze: [...plan.freeze],
    seed,
    numerics: info.numerics,
  };
}

function fitOptions(plan: TrainingPlan, average?: AveragedWeights, state?: FitState, checkpoint?: FitCallback): FitOptions {
  const { epochs, accumulate, clip, evaluateEvery, patience, onNonFinite, maxSeconds, onProgress, signal } = plan;
  const callbacks = [
    ...(plan.callbacks ?? []),
    ...(plan.log === undefined ? [] : [logging(plan.log)]),
    ...(checkpoint ? [checkpoint] : []),
  ];
  const all = { epochs, accumulate, clip, evaluateEvery, patience, onNonFinite, maxSeconds, onProgress, signal, average, state, callbacks };
  return { ...Object.fromEntries(Object.entries(all).filter(isThere)), schedule: makeSchedule(plan.schedule, plan.warmup) } as FitOptions;
}
