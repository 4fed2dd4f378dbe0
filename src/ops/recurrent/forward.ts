/** Forward pass of stacked, bidirectional recurrent layers over a ragged batch. */
import type { Engine } from "../../engine/engine.js";
import type { Ptr } from "../../engine/kernels.js";
import type { Lane } from "../../engine/lane.js";
import type { DropoutMask } from "../dropout.js";
import { rowsTimesPacked } from "../linear.js";
import { packOperand } from "../packed.js";
import { dropRows } from "./dropout.js";
import { gruStep } from "./gru.js";
import { type Ragged, sortRows } from "./ragged.js";
import { type RecurrentSpec, type RecurrentWeights, type Sizes, sizesOf } from "./spec.js";

/** What a layer and direction leaves for the backward pass; dense rows in packed order. */
export interface DirectionTrace {
  /** [total, G·H] activated gates (Elman: unused). */
  readonly gates: Ptr;
  /** [total, H], LSTM. */
  readonly c: Ptr;
  readonly tanhC: Ptr;
  /** [total, H] W_hn·h + b_hn, GRU; r·h where the reset comes before the product. */
  readonly hn: Ptr;
  /** [total, H] hidden state before the projection, LSTM with projSize. */
  readonly full: Ptr;
  /** [B, R] and [B, H] initial states in sorted order. */
  readonly h0: Ptr;
  readonly c0: Ptr;
}

export interface LayerTrace {
  /** [total, in] packed input, after dropout. */
  readonly x: Ptr;
  readonly inSize: number;
  readonly mask: DropoutMask | null;
  /** [total, D·R] packed output; for a backward pass, after room for the batch's first states where `statesInOutput`. */
  readonly out: Ptr;
  readonly directions: readonly DirectionTrace[];
}

export interface LayerContext {
  readonly engine: Engine;
  readonly spec: RecurrentSpec;
  readonly sizes: Sizes;
  readonly ragged: Ragged;
}

/** Steps in the order a direction walks them, with the step before. */
export function walk(time: number, reverse: boolean): { t: number; before: number }[] {
  return Array.from({ length: time }, (_, i) => (reverse ? { t: time - 1 - i, before: i === 0 ? -1 : time - i } : { t: i, before: i - 1 }));
}

/** Sorted rows of the batch that one lane runs. */
export interface Rows {
  readonly begin: number;
  readonly end: number;
}

/**
 * Rows of a state just before step t: those of the step before, and initial ones for rows that start here (the backward direction
 * of a ragged batch, or the first step). Where both occur the lane's own are brought together in `mix`, each in its place.
 */
export function stateBefore(
  ragged: Ragged,
  { kernels }: Lane,
  { begin, end }: Rows,
  { t, before }: { t: number; before: number },
  state: Ptr,
  ld: number,
  initial: Ptr,
  size: number,
  mix: Ptr,
): { ptr: Ptr; ld: number } {
  if (before < 0) return { ptr: initial, ld: size };
  const rows = ragged.active[t]!;
  const old = Math.min(rows, ragged.active[before]!);
  const from = state + ragged.offsets[before]! * ld * 4;
  if (old === rows) return { ptr: from, ld };
  const copy = (first: number, last: number, source: Ptr, step: number) => {
    if (first >= last) return;
    kernels.copyStrided(mix + first * size * 4, source + first * step * 4, last - first, size, size, 1, step, 1);
  };
  copy(begin, Math.min(old, end), from, ld);
  copy(Math.max(old, begin), Math.min(rows, end), initial, size);
  return { ptr: mix, ld: size };
}

/** Whether each step's output is just what the next one starts from: in one direction, where no row ends before another. */
export const statesInOutput = ({ sizes, ragged: { total, batch, time } }: LayerContext): boolean =>
  sizes.directions === 1 && total === batch * time;

/** The input-side bias, 0 for none: all of both but the b_hn that a GRU's reset gate multiplies. */
function jointBias({ engine, spec, sizes }: LayerContext, { biasIh, biasHh }: RecurrentWeights): Ptr {
  if (biasIh === null || biasHh === null) return 0;
  const { kernels } = engine;
  const where = spec.name;
  const width = sizes.gates * sizes.hidden;
  const joint = engine.scratch(width * 4);
  kernels.copyStrided(joint, biasIh.address(where), 1, width, width, 1, width, 1);
  kernels.add(joint, joint, biasHh.address(where), sizes.jointBias);
  return joint;
}

/**
 * Rows from which the input's products are made step by step, for then the gates stay in the cache; below, a product of all steps at once
 * is the faster one. LSTM forward, time of that over time by steps: 32 rows, 64 or 256 to as many or 512, 1.06 to 1.09; 16 rows, 512
 * to 512, 1.04; 8 rows 0.99 to 1.01, training 0.94 to 1.01.
 */
const ROWS_BY_STEP = 16;

/** Memory of one direction; `keep` false: only what the recurrence itself needs, of gates those of one step where they go by step. */
function prepare(context: LayerContext, keep: boolean, byStep: boolean, h0: Ptr, c0: Ptr): DirectionTrace {
  const { engine, spec, sizes, ragged } = context;
  const floats = (count: number) => engine.scratch(count * 4);
  const rows = keep ? ragged.total : ragged.batch;
  const lstm = spec.kind === "LSTM";
  return {
    gates: floats((byStep ? rows : ragged.total) * sizes.gates * sizes.hidden),
    c: lstm ? (keep ? floats(rows * sizes.hidden) : c0) : 0,
    tanhC: lstm && keep ? floats(rows * sizes.hidden) : 0,
    hn: spec.kind === "GRU" ? floats(rows * sizes.hidden) : 0,
    full: spec.projSize > 0 ? floats(rows * sizes.hidden) : 0,
    h0,
    c0,
  };
}

/** x [total, inSize] · W_ihᵀ + bias, the gates' side of the input. */
interface InputSide {
  readonly x: Ptr;
  readonly inSize: number;
  readonly packed: Ptr;
  /** 0 for none. */
  readonly bias: Ptr;
}

/** Recurrent operands of the products, forward or of the gradients' chain, packed once for all steps. */
export interface RecurrentOperands {
  readonly main: Ptr;
  readonly n: Ptr;
  readonly projection: Ptr;
}

function packRecurrent({ engine, spec, sizes }: LayerContext, { weightHh, weightHr }: RecurrentWeights): RecurrentOperands {
  const { hidden, recurrent, gates } = sizes;
  const part = (offset: number, n: number) =>
    packOperand(engine, spec.name, { tensor: weightHh, offset, k: recurrent, n, ld: recurrent, transposed: 1 });
  const gru = spec.kind === "GRU";
  return {
    main: part(0, (gru ? 2 : gates) * hidden),
    n: gru ? part(2 * hidden * recurrent, hidden) : 0,
    projection:
      weightHr === null
        ? 0
        : packOperand(engine, spec.name, { tensor: weightHr, offset: 0, k: hidden, n: recurrent, ld: hidden, transposed: 1 }),
  };
}

/** The time loop over a lane's rows of the batch; `side` null: the gates hold the input's products already. */
function runSteps(
  { engine, spec, sizes, ragged }: LayerContext,
  lane: Lane,
  rows: Rows,
  reverse: boolean,
  keep: boolean,
  trace: DirectionTrace,
  weights: RecurrentWeights,
  packed: RecurrentOperands,
  side: InputSide | null,
  out: Ptr,
): void {
  const { kernels, work } = lane;
  const { hidden, recurrent, width } = sizes;
  const gateWidth = sizes.gates * hidden;
  const mixH = engine.scratch(ragged.batch * recurrent * 4);
  const mixC = engine.scratch(ragged.batch * hidden * 4);
  const bhn = spec.kind === "GRU" && weights.biasHh !== null ? weights.biasHh.address(spec.name) + 2 * hidden * 4 : 0;
  const mode = spec.kind === "RNN_RELU" ? 1 : 0;
  for (const step of walk(ragged.time, reverse)) {
    const count = Math.min(rows.end, ragged.active[step.t]!) - rows.begin;
    if (count <= 0) continue;
    const row = ragged.offsets[step.t]! + rows.begin;
    const kept = keep ? row : rows.begin;
    const gates = trace.gates + (side === null ? row : kept) * gateWidth * 4;
    const h = out + row * width * 4;
    if (side !== null) {
      const { inSize } = side;
      kernels.gemmPacked(gates, side.x + row * inSize * 4, side.packed, count, gateWidth, inSize, inSize, gateWidth, side.bias, 0, work);
    }
    const prev = stateBefore(ragged, lane, rows, step, out, width, trace.h0, recurrent, mixH);
    const hPrev = prev.ptr + rows.begin * prev.ld * 4;
    if (spec.kind === "GRU") {
      const hn = trace.hn + kept * hidden * 4;
      gruStep(kernels, work, spec, packed, bhn, h, gates, hn, hPrev, count, width, prev.ld);
      continue;
    }
    kernels.gemmPacked(gates, hPrev, packed.main, count, gateWidth, recurrent, prev.ld, gateWidth, 0, 1, work);
    if (spec.kind !== "LSTM") {
      kernels.rnnCell(h, gates, count, hidden, width, mode);
      continue;
    }
    const c = trace.c + kept * hidden * 4;
    const cPrev = keep ? stateBefore(ragged, lane, rows, step, trace.c, hidden, trace.c0, hidden, mixC).ptr + rows.begin * hidden * 4 : c;
    const tanhC = keep ? trace.tanhC + row * hidden * 4 : 0;
    if (trace.full === 0) {
      kernels.lstmCell(h, c, tanhC, gates, cPrev, count, hidden, width);
    } else {
      const full = trace.full + kept * hidden * 4;
      kernels.lstmCell(full, c, tanhC, gates, cPrev, count, hidden, hidden);
      kernels.gemmPacked(h, full, packed.projection, count, recurrent, hidden, hidden, width, 0, 0, work);
    }
  }
}

/** Last states in sorted order, [B, size], from packed rows with stride ld. */
function lastStates({ engine, ragged }: LayerContext, to: Ptr, state: Ptr, ld: number, size: number, reverse: boolean): void {
  const { copyStrided } = engine.kernels;
  if (reverse) {
    copyStrided(to, state, ragged.batch, size, size, 1, ld, 1);
    return;
  }
  for (let t = 0; t < ragged.time; t++) {
    const next = t + 1 < ragged.time ? ragged.active[t + 1]! : 0;
    const done = ragged.active[t]! - next;
    if (done > 0) copyStrided(to + next * size * 4, state + (ragged.offsets[t]! + next) * ld * 4, done, size, size, 1, ld, 1);
  }
}

export interface States {
  /** f32 [L·D, B, R], 0 for zeros. */
  readonly h0: Ptr;
  /** f32 [L·D, B, H], 0 for zeros; LSTM. */
  readonly c0: Ptr;
  readonly hN: Ptr;
  readonly cN: Ptr;
}

/**
 * Runs all layers over packed rows.
 * @param x packed input [total, inputSize]
 * @param keep save what the backward pass reads
 * @returns one trace a layer; the last one's `out` is the packed output, followed by a row of zeros
 */
export function forwardLayers(
  engine: Engine,
  spec: RecurrentSpec,
  weights: readonly RecurrentWeights[],
  ragged: Ragged,
  x: Ptr,
  states: States,
  keep: boolean,
  nextMask: () => DropoutMask | null,
): LayerTrace[] {
  const sizes = sizesOf(spec);
  const context: LayerContext = { engine, spec, sizes, ragged };
  const { memory } = engine;
  const traces: LayerTrace[] = [];
  let input = x;
  let inSize = spec.inputSize;
  for (let layer = 0; layer < spec.numLayers; layer++) {
    const mask = layer === 0 ? null : nextMask();
    if (mask !== null) {
      const dropped = engine.scratch(ragged.total * inSize * 4);
      dropRows(engine, ragged, spec.variational, dropped, input, inSize, mask);
      input = dropped;
    }
    const room = keep && statesInOutput(context) ? ragged.batch * sizes.width * 4 : 0;
    const out = engine.scratch(room + (ragged.total + 1) * sizes.width * 4) + room;
    memory.f32.fill(0, (out >>> 2) + ragged.total * sizes.width, (out >>> 2) + (ragged.total + 1) * sizes.width);
    const directions = Array.from({ length: sizes.directions }, (_, direction) => {
      const index = layer * sizes.directions + direction;
      return forwardDirection(context, index, weights[index]!, input, inSize, out + direction * sizes.recurrent * 4, states, keep);
    });
    traces.push({ x: input, inSize, mask, out, directions });
    input = out;
    inSize = sizes.width;
  }
  return traces;
}

function forwardDirection(
  context: LayerContext,
  index: number,
  weights: RecurrentWeights,
  x: Ptr,
  inSize: number,
  out: Ptr,
  states: States,
  keep: boolean,
): DirectionTrace {
  const { engine, spec, sizes, ragged } = context;
  const { hidden, recurrent, width } = sizes;
  const { batch, total } = ragged;
  const reverse = sizes.directions === 2 && index % 2 === 1;
  const initial = (given: Ptr, size: number): Ptr => {
    const ptr = engine.scratch(batch * size * 4);
    if (given === 0) engine.memory.f32.fill(0, ptr >>> 2, (ptr >>> 2) + batch * size);
    else sortRows(engine, ragged, ptr, given + index * batch * size * 4, size, ragged.order);
    return ptr;
  };
  const byStep = batch >= ROWS_BY_STEP;
  const trace = prepare(context, keep, byStep, initial(states.h0, recurrent), spec.kind === "LSTM" ? initial(states.c0, hidden) : 0);
  const gateWidth = sizes.gates * hidden;
  const packed = packOperand(engine, spec.name, {
    tensor: weights.weightIh,
    offset: 0,
    k: inSize,
    n: gateWidth,
    ld: inSize,
    transposed: 1,
  });
  const bias = jointBias(context, weights);
  const side = byStep ? { x, inSize, packed, bias } : null;
  if (side === null) rowsTimesPacked(engine, trace.gates, x, packed, total, gateWidth, inSize, 0, bias);
  const operands = packRecurrent(context, weights);
  engine.split(
    batch,
    4,
    2 * total * gateWidth * recurrent,
    (lane, begin, end) => runSteps(context, lane, { begin, end }, reverse, keep, trace, weights, operands, side, out),
    ragged.steps,
  );
  const last = engine.scratch(batch * Math.max(hidden, recurrent) * 4);
  lastStates(context, last, out, width, recurrent, reverse);
  sortRows(engine, ragged, states.hN + index * batch * recurrent * 4, last, recurrent, ragged.rank);
  if (spec.kind === "LSTM") {
    if (keep) lastStates(context, last, trace.c, hidden, hidden, reverse);
    sortRows(engine, ragged, states.cN + index * batch * hidden * 4, keep ? last : trace.c, hidden, ragged.rank);
  }
  return trace;
}
