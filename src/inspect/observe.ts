/** Runs a model with every operation on the tape, and finds its recurrent layers there. Nothing of the model is changed. */
import type { Engine } from "../engine/engine.js";
import { ConfigError, StateError } from "../errors.js";
import type { Module } from "../nn/module.js";
import { type RecurrentCall, recurrentCall } from "../ops/recurrent/observe.js";
import { recordedBy } from "../tensor/tape.js";
import type { TapeEntry, Tensor } from "../tensor/tensor.js";

/** Where a recurrent state belongs. */
export interface LayerPlace {
  /**
   * Name of the module in the model and of its layer, as in the state dictionary: `encoder.l0`, `encoder.l1_reverse`; a cell's has no
   * layer.
   */
  readonly name: string;
  readonly layer: number;
  readonly direction: "forward" | "reverse";
}

/** The calls of one layer that follow one another in time: one, or the single steps of a cell, first step first. */
export interface LayerRun {
  /** Of the layer's direction `index`, layer·D + direction. */
  readonly place: (index: number) => LayerPlace;
  readonly calls: readonly RecurrentCall[];
}

/** @throws ConfigError without parameters; StateError inside a training step, whose random streams would be shifted */
export function engineOf(where: string, model: Module): Engine {
  const [first] = model.parameters();
  if (first === undefined) throw new ConfigError(`${where}: the model has no parameters, wants some`);
  const { engine } = first;
  if (engine.training) throw new StateError(`${where}: called inside a training step, wants to be called outside one`);
  return engine;
}

/**
 * Runs `fn` in a step of its own, without dropout; parameters that are frozen are recorded too.
 * @param look sees what was recorded before the step ends
 */
export function observed<T, R>(where: string, model: Module, fn: () => T, look: (result: T, entries: readonly TapeEntry[]) => R): R {
  const engine = engineOf(where, model);
  const frozen = model.parameters().filter(({ requiresGrad }) => !requiresGrad);
  for (const parameter of frozen) parameter.requiresGrad = true;
  try {
    return engine.step(() => {
      const { result, entries } = recordedBy(engine, fn);
      return look(result, entries);
    });
  } finally {
    for (const parameter of frozen) parameter.requiresGrad = false;
  }
}

/** Recurrent calls of the model's own layers, in order. @throws StateError when there are none */
export function layerRuns(where: string, model: Module, entries: readonly TapeEntry[]): LayerRun[] {
  const places = new Map<Tensor, LayerPlace>();
  for (const [name, parameter] of model.namedParameters()) {
    if (name.includes("weight_ih") && !places.has(parameter)) places.set(parameter, placeOf(name));
  }
  const runs: { place: LayerRun["place"]; calls: RecurrentCall[] }[] = [];
  const cells = new Map<Tensor, RecurrentCall[]>();
  for (const call of entries.map(recurrentCall)) {
    const own = call?.weights.map(({ weightIh }) => places.get(weightIh));
    if (call === null || own?.[0] === undefined) continue;
    const { weightIh } = call.weights[0]!;
    const before = call.time === 1 ? cells.get(weightIh) : undefined;
    if (before !== undefined) {
      // A cell that reads backwards takes the last step first.
      if (own[0].direction === "reverse") before.unshift(call);
      else before.push(call);
      continue;
    }
    const calls = [call];
    if (call.time === 1) cells.set(weightIh, calls);
    runs.push({ place: (index) => own[index]!, calls });
  }
  if (runs.length > 0) return runs;
  throw new StateError(
    `${where}: no recurrent layer of the model was seen, wants a forward pass through one of its own (not within noGrad or another step)`,
  );
}

/** `encoder.weight_ih_l1_reverse` is layer `encoder.l1_reverse`, a cell's `decoder.weight_ih` is `decoder`. */
function placeOf(parameter: string): LayerPlace {
  const name = parameter.replace(/\.?weight_ih$/, "").replace("weight_ih_", "");
  const [, layer = "0", reverse] = /(?:^|\.)l(\d+)(_reverse)?$/.exec(name) ?? [];
  return { name, layer: Number(layer), direction: reverse === undefined ? "forward" : "reverse" };
}
