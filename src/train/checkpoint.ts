/**
 * Checkpoints: `best.safetensors`, the model file of the best weights, and `last.safetensors`, the model file of the last ones that also
 * holds what the training goes on from: optimizer, averages, best weights and position. Whoever loads models reads both.
 */
import { ConfigError, FormatError } from "../errors.js";
import { toTypedArray } from "../io/element-types.js";
import { parseJson } from "../io/json.js";
import { decodeModelFile, encodeModelFile, type PlainJson, plain, TRAINING } from "../io/model-file.js";
import type { SafetensorsEntry, SafetensorsInput } from "../io/safetensors.js";
import { type StateEntries, toStateEntries } from "../io/state-dict.js";
import type { Module } from "../nn/module.js";
import type { AveragedWeights } from "../optim/averaged-weights.js";
import type { CommonOptions, Optimizer, OptimizerValues } from "../optim/optimizer.js";
import { inRange, wholeNumber } from "../options.js";
import { sameShape } from "../tensor/shape.js";
import type { StateDict } from "../tensor/state.js";
import type { FitCallback, FitState } from "./callbacks.js";

/** Files by name. `write` is atomic: after a crash the file is the old one or the new one, whole. */
export interface CheckpointStore {
  /** undefined when there is no such file. */
  read(name: string): Promise<Uint8Array | undefined>;
  write(name: string, bytes: Uint8Array): Promise<void>;
}

export interface CheckpointOptions {
  readonly store: CheckpointStore;
  /** Updates from one `last.safetensors` to the next, which is written at the end of every epoch too, and when training ends. */
  readonly everySteps?: number;
  /** Go on from `last.safetensors` where there is one. Default false: start anew and overwrite it. */
  readonly resume?: boolean;
}

const BEST = "best.safetensors";
const LAST = "last.safetensors";

/** A state that a task hands from batch to batch, such as a language model's. */
export interface Carried {
  save(): StateDict;
  load(entries: StateEntries): void;
}

/** What a checkpoint is made of, and put back into. */
export interface CheckpointParts {
  readonly network: Module;
  readonly optimizer: Optimizer;
  readonly average: AveragedWeights | undefined;
  readonly carried: Carried | undefined;
  /** The model file, with tensors under the network's own names. */
  readonly save: () => Uint8Array;
  /** What must be the same in the run that goes on. */
  readonly settings: Readonly<Record<string, PlainJson>>;
}

const WHERE = "checkpoint";
const COUNTS = ["epoch", "update", "step", "skipped", "losses", "evaluated", "sinceBest"] as const satisfies readonly (keyof FitState)[];

interface Described {
  readonly settings: Readonly<Record<string, PlainJson>>;
  readonly optimizer: OptimizerValues<CommonOptions>;
  readonly average: { readonly updates: number } | null;
  /** Metrics are text, for they may be infinite. */
  readonly position: Readonly<Record<string, number | string>>;
}

const input = (name: string, shape: readonly number[], data: SafetensorsInput["data"]): SafetensorsInput => ({
  name,
  dtype: data instanceof Float32Array ? "F32" : data instanceof Int32Array ? "I32" : "F64",
  shape,
  data,
});

const inputs = (prefix: string, tensors: StateDict): SafetensorsInput[] =>
  Array.from(tensors, ([name, tensor]) => input(`${TRAINING}.${prefix}.${name}`, tensor.shape, tensor.data()));

/** The bytes of `last.safetensors`. */
export function encodeCheckpoint(parts: CheckpointParts, state: FitState): Uint8Array {
  const { tensors, model } = decodeModelFile(parts.save());
  const optimizer = parts.optimizer.stateDict();
  const average = parts.average?.stateDict();
  const position: Record<string, number | string> = { seconds: state.seconds, lossSum: state.lossSum };
  for (const name of COUNTS) position[name] = state[name];
  for (const name of ["metric", "best"] as const) if (state[name] !== undefined) position[name] = String(state[name]);
  const described = { settings: parts.settings, optimizer: optimizer.values, average: average?.values ?? null, position };
  const { parameters } = parts.optimizer;
  return encodeModelFile({
    model,
    metadata: { [TRAINING]: JSON.stringify(described) },
    tensors: [
      ...Array.from(tensors, ([name, entry]) => input(name, entry.shape, toTypedArray(entry) as SafetensorsInput["data"])),
      ...inputs("optimizer", optimizer.tensors),
      ...inputs("average", average?.tensors ?? new Map()),
      ...inputs("carried", parts.carried?.save() ?? new Map()),
      ...(state.bestWeights ?? []).map((data, i) => input(`${TRAINING}.best.${i}`, parameters[i]!.shape, data)),
    ],
  });
}

/**
 * Puts the network, optimizer and averages back as they were.
 * @returns where the run stood, for fit
 * @throws FormatError when the file is damaged, no checkpoint, or one of another network; ConfigError when settings differ
 */
export function restoreCheckpoint(parts: CheckpointParts, bytes: Uint8Array): FitState {
  const { tensors, training } = decodeModelFile(bytes);
  if (training.text === undefined) throw new FormatError(`${WHERE}: a model file without ${TRAINING}, wants ${LAST} of a training`);
  const { settings, optimizer, average, position } = plain(parseJson(WHERE, training.text)) as unknown as Described;
  checkSettings(parts.settings, settings ?? {});
  const state = readPosition(position ?? {}, bestWeights(parts.optimizer, entriesOf(training.tensors, "best")));
  if ((average === null) !== (parts.average === undefined))
    throw new FormatError(`${WHERE}: ${average === null ? "no averages" : "averages"}, wants ${average === null ? "them" : "none"}`);
  parts.network.loadStateDict(toStateEntries(tensors));
  parts.optimizer.loadStateDict({ tensors: entriesOf(training.tensors, "optimizer"), values: optimizer });
  if (average !== null) parts.average!.loadStateDict({ tensors: entriesOf(training.tensors, "average"), values: average });
  parts.carried?.load(entriesOf(training.tensors, "carried"));
  return state;
}

function entriesOf(tensors: ReadonlyMap<string, SafetensorsEntry>, prefix: string): StateEntries {
  const own = [...tensors].filter(([name]) => name.startsWith(`${prefix}.`));
  return toStateEntries(new Map(own.map(([name, entry]) => [name.slice(prefix.length + 1), entry])));
}

function checkSettings(own: CheckpointParts["settings"], stored: CheckpointParts["settings"]): void {
  for (const name of new Set([...Object.keys(own), ...Object.keys(stored)])) {
    const [found, wanted] = [JSON.stringify(own[name]), JSON.stringify(stored[name])];
    if (found !== wanted) throw new ConfigError(`${WHERE}: ${name} is ${found}, wants ${wanted}, with which the training began`);
  }
}

function bestWeights({ parameters }: Optimizer, stored: StateEntries): readonly Float32Array[] | undefined {
  if (stored.size === 0) return undefined;
  return parameters.map(({ shape }, i) => {
    const entry = stored.get(String(i));
    if (entry === undefined || !sameShape(entry.shape, shape))
      throw new FormatError(`${WHERE}: best weights ${i} have shape [${entry?.shape ?? ""}], wants [${shape}]`);
    return entry.data;
  });
}

function readPosition(position: Described["position"], best: FitState["bestWeights"]): FitState {
  const counts = Object.fromEntries(COUNTS.map((name) => [name, wholeNumber(WHERE, name, position[name], 0)]));
  const metric = (name: string) => (position[name] === undefined ? undefined : Number(position[name]));
  return {
    ...(counts as Record<(typeof COUNTS)[number], number>),
    seconds: inRange(WHERE, "seconds", position.seconds, 0, Number.MAX_VALUE),
    lossSum: inRange(WHERE, "lossSum", position.lossSum, -Number.MAX_VALUE, Number.MAX_VALUE),
    metric: metric("metric"),
    best: metric("best"),
    bestWeights: best,
  };
}

/**
 * Opens the files of a training: goes on from the last one, where that is wished and it is there, and writes both as training goes.
 * @param told of each event: resume, checkpoint
 * @throws as restoreCheckpoint, and what the store throws
 */
export async function openCheckpoints(
  parts: CheckpointParts,
  { store, everySteps = Number.POSITIVE_INFINITY, resume = false }: CheckpointOptions,
  told: (record: { event: string; file: string; epoch: number; step: number }) => void,
): Promise<{ readonly state: FitState | undefined; readonly callback: FitCallback }> {
  const note = (event: string, file: string, { epoch, step }: FitState) => told({ event, file, epoch, step });
  const write = async (file: string, bytes: Uint8Array, state: FitState) => {
    await store.write(file, bytes);
    note("checkpoint", file, state);
  };
  const { average, save } = parts;
  const writeBest = (state: FitState) =>
    write(BEST, average === undefined || average.updates === 0 ? save() : average.withAverages(save), state);
  const writeLast = (state: FitState) => write(LAST, encodeCheckpoint(parts, state), state);
  const bytes = resume ? await store.read(LAST) : undefined;
  const state = bytes === undefined ? undefined : restoreCheckpoint(parts, bytes);
  if (state !== undefined) note("resume", LAST, state);
  const callback: FitCallback = {
    onStep: (_, now) => (now.step % everySteps === 0 ? writeLast(now) : undefined),
    // Best before last: what goes on from the last file finds the best one that it knows of.
    onEvaluate: (_, now) => (now.sinceBest === 0 ? writeBest(now) : undefined),
    onEpoch: (_, now) => writeLast(now),
    onEnd: async (_, now) => {
      if (now.best === undefined) await writeBest(now);
      await writeLast(now);
    },
  };
  return { state, callback };
}
