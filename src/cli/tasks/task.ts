/** What the commands know of a task: how its data are read, how it trains, what its models say. */
import type { Engine } from "../../engine/engine.js";
import type { Module } from "../../nn/module.js";
import type { ExplainOptions, Explanation } from "../../tasks/explain.js";
import type { TrainingOptions } from "../../tasks/training.js";
import type { LabelledTextOptions, Source } from "../../text/readers/index.js";
import type { Calibration } from "../../train/calibration.js";
import type { FitResult } from "../../train/fit.js";
import type { ConfusionMatrix } from "../../train/metrics.js";
import type { ClassScore } from "../../train/scores.js";
import type { TaskName } from "./tables.js";

export type Metrics = Readonly<Record<string, number>>;

export type Reading = LabelledTextOptions;

export interface Dataset<Example> {
  readonly train: readonly Example[];
  readonly dev: readonly Example[];
}

/** What training is told besides the task's own options. */
export interface TrainHooks extends Pick<TrainingOptions, "callbacks" | "checkpoint" | "init" | "log" | "onProgress" | "signal"> {
  readonly vectors?: ReadonlyMap<string, Float32Array>;
}

/** How answers came out, for the tables and pictures of a report. */
export interface Outcomes {
  /** Scores of labels, or of types of entities, by name. */
  readonly classes: Readonly<Record<string, ClassScore>>;
  /** Of single labels or tags. */
  readonly confusions?: { readonly labels: readonly string[]; readonly matrix: ConfusionMatrix };
  readonly calibration?: Calibration;
}

/** A model of any task. What it says of an example is its answer, which scores and pictures are made from. */
export interface TaskModel<Example = unknown, Answer = unknown> {
  readonly network: Module;
  answers(examples: readonly Example[]): readonly Answer[];
  score(examples: readonly Example[], answers: readonly Answer[]): Metrics;
  outcomes(examples: readonly Example[], answers: readonly Answer[]): Outcomes | undefined;
  /** What `predict` prints for lines of text, without the last line's end. */
  predict(lines: readonly string[], style: PredictStyle): string[];
  /** What the tokens of a text add to a label; with an engine that trains. */
  explain?(text: string, options: ExplainOptions): Promise<Explanation>;
  save(): Uint8Array;
  dispose(): void;
}

export interface PredictStyle {
  readonly top: number;
  readonly json: boolean;
  /** Tokens stand between spaces already. */
  readonly tokens: boolean;
  /** Of an encoder-decoder: width of the beam, outputs of each line, and whether to say what they attend to. */
  readonly beam?: number;
  readonly nBest?: number;
  readonly alignment?: boolean;
}

export interface Task<Example = unknown> {
  readonly name: TaskName;
  /** As `task` in the model file says it. */
  readonly kind: string;
  /** What is counted while it trains. Default "examples". */
  readonly unit?: string;
  /** The metric that counts, among those there are. */
  metric(metrics: Metrics): string;
  read(source: Source, reading: Reading): Promise<readonly Example[]>;
  /** What a part cut from the training data keeps the shares of. */
  stratum(example: Example): string;
  /** Another way to cut dev off training; by default at random, each stratum its share. */
  cut?(examples: readonly Example[]): Dataset<Example>;
  /** Number of examples, and of what they are labelled with, in words. */
  describe(examples: readonly Example[]): string;
  /** What looks wrong with the training data though it can be read. */
  doubt?(examples: readonly Example[]): string | undefined;
  baselines(train: readonly Example[], test: readonly Example[]): Readonly<Record<string, Metrics>>;
  train(
    engine: Engine,
    data: Dataset<Example>,
    options: Readonly<Record<string, unknown>>,
    hooks: TrainHooks,
  ): Promise<{ model: TaskModel<Example>; result: FitResult }>;
  load(engine: Engine, bytes: Uint8Array): TaskModel<Example>;
}

/** Names of tokenizers, as flags and configuration files have them, as what training takes. */
export const withTokenizers = (options: Readonly<Record<string, unknown>>, keys: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(options).map(([key, value]) => [key, keys.includes(key) ? { type: value } : value]));
