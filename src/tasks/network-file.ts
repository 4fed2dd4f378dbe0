/** A task's network as a model file, and back. */
import type { Engine } from "../engine/engine.js";
import { FormatError } from "../errors.js";
import { viewFloat32 } from "../io/element-types.js";
import { decodeModelFile, encodeModelFile, type ModelDescription } from "../io/model-file.js";
import type { SafetensorsEntry } from "../io/safetensors.js";
import type { Module } from "../nn/module.js";
import { VERSION } from "../version.js";

/** The bytes of one safetensors file; mode and build are those of the network's engine. */
export function encodeNetwork(
  network: Module & { readonly engine: Engine },
  model: Omit<ModelDescription, "numerics" | "build" | "library">,
): Uint8Array {
  const tensors = Array.from(network.namedParameters(), ([name, parameter]) => ({
    name,
    dtype: "F32" as const,
    shape: parameter.shape,
    data: parameter.data() as Float32Array,
  }));
  const { numerics, build } = network.engine.info;
  return encodeModelFile({ tensors, model: { ...model, numerics, build, library: VERSION } });
}

/** Weights of a file. */
export interface SavedValues {
  /** Numbers in all. */
  readonly count: number;
  /** Puts them into a model, which is disposed of where they do not fit. */
  into<M extends { readonly network: Module; dispose(): void }>(model: M): M;
}

/** @throws FormatError when the file is damaged or holds another task than `task` */
export function decodeTask(where: string, task: string, bytes: Uint8Array): { model: ModelDescription; values: SavedValues } {
  const { tensors, model } = decodeModelFile(bytes);
  if (model.task !== task) throw new FormatError(`${where}: the file holds task ${JSON.stringify(model.task)}, wants ${task}`);
  return { model, values: savedValues(tensors) };
}

/** @throws FormatError as decodeTask, and when the file lacks tokenizer, vocabulary or labels */
export function decodeNetwork(where: string, task: string, bytes: Uint8Array): { model: Required<ModelDescription>; values: SavedValues } {
  const { model, values } = decodeTask(where, task, bytes);
  const { tokenizer, vocabulary, labels } = model;
  if (tokenizer === undefined || vocabulary === undefined || labels === undefined || labels.length === 0)
    throw new FormatError(`${where}: the file lacks tokenizer, vocabulary or labels, wants all three`);
  return { model: { ...model, tokenizer, vocabulary, labels }, values };
}

function savedValues(tensors: ReadonlyMap<string, SafetensorsEntry>): SavedValues {
  const entries = new Map(Array.from(tensors, ([name, entry]) => [name, { shape: entry.shape, data: viewFloat32(entry) }]));
  return {
    count: Array.from(entries.values()).reduce((sum, { data }) => sum + data.length, 0),
    into: (model) => {
      try {
        model.network.loadStateDict(entries);
        return model;
      } catch (error) {
        model.dispose();
        throw error;
      }
    },
  };
}
