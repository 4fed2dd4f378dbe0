/** Gates and states of every step of a forward pass. */
import { StateError } from "../errors.js";
import type { Module } from "../nn/module.js";
import { type RecurrentCall, type StepStates, stepStates } from "../ops/recurrent/observe.js";
import type { RecurrentKind } from "../ops/recurrent/spec.js";
import { type LayerPlace, type LayerRun, layerRuns, observed } from "./observe.js";

/** Numbers of a shape, row-major. */
export interface Recording {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface LayerStates extends LayerPlace {
  readonly kind: RecurrentKind;
  /** Real steps of each row, [B]. */
  readonly lengths: Int32Array;
  /** [B, T, H] (of a projected LSTM [B, T, projSize]), 0 past each length, like all of them. */
  readonly h: Recording;
  /** [B, T, H], LSTM. */
  readonly c: Recording | null;
  /** Activated gates by name, [B, T, H] each: `i`, `f`, `g`, `o` of an LSTM, `r`, `z`, `n` of a GRU; none of an Elman network. */
  readonly gates: Readonly<Record<string, Recording>>;
}

/** A module with a forward pass over a batch. */
export interface WithForward<Batch, Result> extends Module {
  forward(batch: Batch): Result;
}

/**
 * What the recurrent layers of a model did: gates and states of every step, layer, direction and row of a batch, copied from what the
 * layers' own operation computed, which runs once, in a step of its own without dropout. The model's result comes back with them, to the
 * same bits as without recording. The backward direction's steps stand where their inputs do; single steps of a cell follow one another.
 * @param run forward pass from model and batch; by default the model's own method `forward`
 * @throws StateError inside a training step, or when no recurrent layer of the model was used
 */
export function recordStates<Batch, Result>(
  model: WithForward<Batch, Result>,
  batch: Batch,
): { result: Result; layers: readonly LayerStates[] };
export function recordStates<Model extends Module, Batch, Result>(
  model: Model,
  batch: Batch,
  run: (model: Model, batch: Batch) => Result,
): { result: Result; layers: readonly LayerStates[] };
export function recordStates<Batch, Result>(
  model: WithForward<Batch, Result>,
  batch: Batch,
  run: (model: WithForward<Batch, Result>, batch: Batch) => Result = (own, input) => own.forward(input),
): { result: Result; layers: readonly LayerStates[] } {
  const where = "recordStates";
  return observed(
    where,
    model,
    () => run(model, batch),
    (result, entries) => ({ result, layers: layerRuns(where, model, entries).flatMap((own) => joined(where, own)) }),
  );
}

/** Recordings of each layer and direction, the calls one after the other in time. */
function joined(where: string, { place, calls }: LayerRun): LayerStates[] {
  const [{ spec, batch }] = calls as [RecurrentCall];
  const other = calls.find((call) => call.batch !== batch);
  if (other !== undefined) {
    throw new StateError(
      `${where}: ${place(0).name} ran over ${batch} rows and over ${other.batch}, wants all of its single steps over the same (RNN.from without lengths)`,
    );
  }
  const states = calls.map(stepStates);
  return states[0]!.map(({ c, gates }, index) => {
    const record = (size: number, pick: (own: StepStates) => Float32Array) =>
      alongTime(
        states.map((call) => pick(call[index]!)),
        [batch, calls.reduce((time, call) => time + call.time, 0), size],
      );
    return {
      ...place(index),
      kind: spec.kind,
      lengths: Int32Array.from({ length: batch }, (_, b) => calls.reduce((sum, { lengths }) => sum + lengths[b]!, 0)),
      h: record(spec.projSize || spec.hiddenSize, (own) => own.h),
      c: c === null ? null : record(spec.hiddenSize, (own) => own.c!),
      gates: Object.fromEntries(Object.keys(gates).map((name) => [name, record(spec.hiddenSize, (own) => own.gates[name]!)])),
    };
  });
}

/** Parts [B, T_i, size] as one [B, T, size]. */
function alongTime(parts: readonly Float32Array[], shape: readonly [batch: number, time: number, size: number]): Recording {
  const [batch, time, size] = shape;
  const data = new Float32Array(batch * time * size);
  for (let b = 0, at = 0; b < batch; b++) {
    for (const part of parts) {
      const row = part.length / batch;
      data.set(part.subarray(b * row, (b + 1) * row), at);
      at += row;
    }
  }
  return { shape, data };
}
