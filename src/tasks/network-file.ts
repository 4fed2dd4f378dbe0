/** A task's network as a model file, and back. */
import type { Engine } from "../engine/engine.js";
import { FormatError } from "../errors.js";
import { viewFloat32 } from "../io/element-types.js";
import { decodeModelFile, encodeModelFile, type ModelDescription } from "../io/model-file.js";
import type { SafetensorsEntry } from "../io/safetensors.js";
import type { Module } from "../nn/module.js";
import type { StateEntry } from "../tensor/state.js";
import { VERSION } from "../version.js";

/** The bytes of one safetensors file; mode and build are those of the engine. */
export function encodeNetwork(
  { info }: Engine,
  network: Module,
  model: Omit<ModelDescription, "numerics" | "build" | "library">,
): Uint8Array {
  const tensors = Array.from(network.namedParameters(), ([name, parameter]) => ({
    name,
    dtype: "F32" as const,
    shape: parameter.shape,
    data: parameter.data() as Float32Array,
  }));
  const { numerics, build } = info;
  return encodeModelFile({ tensors, model: { ...model, numerics, build, library: VERSION } });
}

/** Weights of a file. */
export interface SavedValues {
  readonly entries: ReadonlyMap<string, StateEntry>;
  /** Numbers in all. */
  readonly count: number;
  /**
   * A damaged file is noticed before memory is taken.
   * @param least where some may be missing @throws FormatError unless there are so many numbers as the configuration wants
   */
  check(wanted: number, least?: number): void;
  /** Puts them into the module of a model, which is disposed of where they do not fit. */
  into<M extends { dispose(): void }>(model: M, module: Module): M;
}

/** @throws FormatError when the file is damaged or holds another task than `task` */
export function decodeTask(where: string, task: string, bytes: Uint8Array): { model: ModelDescription; values: SavedValues } {
  const { tensors, model } = decodeModelFile(bytes);
  if (model.task !== task) throw new FormatError(`${where}: the file holds task ${JSON.stringify(model.task)}, wants ${task}`);
  return { model, values: savedValues(where, tensors) };
}

/** @throws FormatError as decodeTask, and when the file lacks tokenizer or vocabulary */
export function decodeTextNetwork(
  where: string,
  task: string,
  bytes: Uint8Array,
): { model: ModelDescription & Required<Pick<ModelDescription, "tokenizer" | "vocabulary">>; values: SavedValues } {
  const { model, values } = decodeTask(where, task, bytes);
  const { tokenizer, vocabulary } = model;
  if (tokenizer === undefined || vocabulary === undefined)
    throw new FormatError(`${where}: the file lacks tokenizer or vocabulary, wants both`);
  return { model: { ...model, tokenizer, vocabulary }, values };
}

/** @throws FormatError as decodeTask, and when the file lacks tokenizer, vocabulary or labels */
export function decodeNetwork(where: string, task: string, bytes: Uint8Array): { model: Required<ModelDescription>; values: SavedValues } {
  const { model, values } = decodeTask(where, task, bytes);
  const { tokenizer, vocabulary, labels } = model;
  if (tokenizer === undefined || vocabulary === undefined || labels === undefined || labels.length === 0)
    throw new FormatError(`${where}: the file lacks tokenizer, vocabulary or labels, wants all three`);
  return { model: { ...model, tokenizer, vocabulary, labels }, values };
}

function savedValues(where: string, tensors: ReadonlyMap<string, SafetensorsEntry>): SavedValues {
  const entries = new Map(Array.from(tensors, ([name, entry]) => [name, { shape: entry.shape, data: viewFloat32(entry) }]));
  const count = Array.from(entries.values()).reduce((sum, { data }) => sum + data.length, 0);
  return {
    entries,
    count,
    check: (wanted, least = wanted) => {
      if (!(count >= least && count <= wanted))
        throw new FormatError(`${where}: the file has ${count} parameters, wants ${wanted} for its configuration`);
    },
    into: (model, module) => {
      try {
        module.loadStateDict(entries);
        return model;
      } catch (error) {
        model.dispose();
        throw error;
      }
    },
  };
}
