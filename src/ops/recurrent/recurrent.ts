/** Recurrent layers over a whole ragged batch as one operation of the tape. */
import type { Engine } from "../../engine/engine.js";
import type { Ptr } from "../../engine/kernels.js";
import { type Backward, isRecording, record } from "../../tensor/tape.js";
import { empty, sameEngine, type Tensor } from "../../tensor/tensor.js";
import { nextMask } from "../dropout.js";
import { checkLengths } from "../lengths.js";
import { backwardLayers, type ChainWatch, type WeightSlots } from "./backward.js";
import { dropWeights } from "./dropout.js";
import { forwardLayers, type LayerTrace } from "./forward.js";
import { layOut, placer, type Ragged } from "./ragged.js";
import { checkInput, checkStates, type RecurrentSpec, type RecurrentWeights, sizesOf } from "./spec.js";

export interface RecurrentInputs {
  /** f32 [B, T, inputSize], or [T, B, inputSize] when the spec says timeMajor. */
  readonly input: Tensor;
  /** One entry a layer and direction, index layer·D + direction. */
  readonly weights: readonly RecurrentWeights[];
  /** f32 [L·D, B, R]; zeros when null. */
  readonly h: Tensor | null;
  /** f32 [L·D, B, H], LSTM; zeros when null. */
  readonly c: Tensor | null;
  /** Real steps of each row, in any order; all of them when undefined. */
  readonly lengths: ArrayLike<number> | undefined;
}

export interface RecurrentOutputs {
  readonly output: Tensor;
  readonly h: Tensor;
  readonly c: Tensor | null;
}

/** What the operation keeps for its backward pass. */
export interface RecurrentSaved {
  readonly spec: RecurrentSpec;
  readonly inputs: RecurrentInputs;
  readonly ragged: Ragged;
  readonly traces: readonly LayerTrace[];
  /** Set by who wants to see the backward pass go by (observe.ts). */
  watch?: ChainWatch;
}

const tensorsOf = ({ input, weights, h, c }: RecurrentInputs): Tensor[] => {
  const own = weights.flatMap((w) => [w.weightIh, w.weightHh, w.biasIh, w.biasHh, w.weightHr]);
  return [input, h, c, ...own].filter((tensor): tensor is Tensor => tensor !== null);
};

/** The packed rows of a padded tensor: itself where they agree, else a copy. */
function pack(engine: Engine, ragged: Ragged, from: Ptr, size: number): Ptr {
  if (ragged.toPacked === null) return from;
  const packed = engine.scratch(ragged.total * size * 4);
  engine.kernels.gatherRows(packed, from, ragged.toPacked, ragged.total, size, size);
  return packed;
}

/** Rows back in the caller's places; `packed` is followed by a row of zeros, which padding gets. */
function unpack(engine: Engine, ragged: Ragged, to: Ptr, packed: Ptr, size: number): void {
  const rows = ragged.batch * ragged.time;
  if (ragged.toInput === null) engine.kernels.copyStrided(to, packed, 1, rows * size, 0, 1, 0, 1);
  else engine.kernels.gatherRows(to, packed, ragged.toInput, rows, size, size);
}

/**
 * @returns output [B, T, D·R] (0 past each length), last states h [L·D, B, R] and c [L·D, B, H]
 * @throws ShapeError or IndexError when shapes or lengths disagree; nothing has been computed then
 */
export function recurrent(spec: RecurrentSpec, given: RecurrentInputs): RecurrentOutputs {
  const { input, lengths } = given;
  const engine = sameEngine(`${spec.name}.forward`, input, ...tensorsOf(given));
  const { batch, time } = checkInput(spec, input);
  checkStates(spec, given.h, given.c, batch);
  const where = `${spec.name}.forward`;
  checkLengths(where, lengths, batch, time);
  const sizes = sizesOf(spec);
  for (const tensor of tensorsOf(given)) tensor.address(where);
  const inputs = { ...given, weights: dropWeights(given.weights, spec.weightDropout) };
  const tensors = tensorsOf(inputs);
  const stacked = spec.numLayers * sizes.directions;
  const output = empty(engine, [...input.shape.slice(0, 2), sizes.width], "f32", where);
  const h = empty(engine, [stacked, batch, sizes.recurrent], "f32", where);
  const c = spec.kind === "LSTM" ? empty(engine, [stacked, batch, sizes.hidden], "f32", where) : null;
  const keep = isRecording(engine, tensors);
  const run = (): RecurrentSaved => {
    const ragged = layOut(lengths, batch, time, spec.timeMajor, placer(engine));
    const x = pack(engine, ragged, input.address(where), spec.inputSize);
    const states = {
      h0: inputs.h?.address(where) ?? 0,
      c0: inputs.c?.address(where) ?? 0,
      hN: h.address(where),
      cN: c?.address(where) ?? 0,
    };
    const drops = engine.training && spec.dropout > 0;
    const traces = forwardLayers(engine, spec, inputs.weights, ragged, x, states, keep, () =>
      drops ? nextMask(engine, spec.dropout) : null,
    );
    unpack(engine, ragged, output.address(where), traces[traces.length - 1]!.out, sizes.width);
    return { spec, inputs, ragged, traces };
  };
  const outputs = c === null ? [output, h] : [output, h, c];
  if (keep) record("recurrent", tensors, outputs, run());
  else engine.scoped(run);
  return { output, h, c };
}

export const recurrentBackward: Backward = (context, entry) => {
  const { outputs, saved } = entry;
  const { spec, inputs, ragged, traces, watch } = saved as RecurrentSaved;
  const { engine, consumes } = context;
  const [output, h, c] = outputs as [Tensor, Tensor, Tensor | undefined];
  const sizes = sizesOf(spec);
  const slot = (tensor: Tensor | null) => (tensor === null ? null : context.into(tensor));
  const slots = inputs.weights.map(
    (w): WeightSlots => ({
      weightIh: slot(w.weightIh),
      weightHh: slot(w.weightHh),
      biasIh: slot(w.biasIh),
      biasHh: slot(w.biasHh),
      weightHr: slot(w.weightHr),
    }),
  );
  const dInput = slot(inputs.input);
  const states = { hN: context.gradOf(h), cN: c === undefined ? 0 : context.gradOf(c), h0: slot(inputs.h), c0: slot(inputs.c) };
  engine.scoped(() => {
    const gradient = context.gradOf(output);
    const dOut = gradient === 0 ? 0 : pack(engine, ragged, gradient, sizes.width);
    const dx = dInput === null ? 0 : engine.scratch((ragged.total + 1) * spec.inputSize * 4);
    entry.freed ||= consumes;
    backwardLayers(engine, spec, inputs.weights, slots, ragged, traces, dOut, dx, states, consumes, watch);
    if (dInput !== null) returnInput(engine, ragged, dInput, dx, spec.inputSize);
  });
};

function returnInput(engine: Engine, ragged: Ragged, slot: { ptr: Ptr; beta: number }, dx: Ptr, size: number): void {
  const count = ragged.batch * ragged.time * size;
  const end = (dx >>> 2) + ragged.total * size;
  engine.memory.f32.fill(0, end, end + size);
  if (slot.beta === 0) {
    unpack(engine, ragged, slot.ptr, dx, size);
    return;
  }
  const spread = engine.scratch(count * 4);
  unpack(engine, ragged, spread, dx, size);
  engine.kernels.add(slot.ptr, slot.ptr, spread, count);
}
