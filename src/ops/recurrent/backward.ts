/** Back-propagation through time of stacked recurrent layers: the chain of dz step by step, then one product a weight over all steps. */
import type { Engine } from "../../engine/engine.js";
import type { Ptr } from "../../engine/kernels.js";
import type { Lane } from "../../engine/lane.js";
import { rowsTimesPacked, transposedTimes } from "../linear.js";
import { packOperand } from "../packed.js";
import { dropRows } from "./dropout.js";
import {
  type DirectionTrace,
  type LayerContext,
  type LayerTrace,
  type RecurrentOperands,
  type Rows,
  stateBefore,
  statesInOutput,
  walk,
} from "./forward.js";
import { gruStepGrad } from "./gru.js";
import { type Ragged, sortRows } from "./ragged.js";
import { type RecurrentSpec, type RecurrentWeights, sizesOf } from "./spec.js";

interface Slot {
  readonly ptr: Ptr;
  readonly beta: number;
}

/** Where gradients go; null where none is wanted. */
export interface WeightSlots {
  readonly weightIh: Slot | null;
  readonly weightHh: Slot | null;
  readonly biasIh: Slot | null;
  readonly biasHh: Slot | null;
  readonly weightHr: Slot | null;
}

export interface StateGradients {
  /** Gradients of the last states, f32 [L·D, B, ·], 0 when nothing flowed in. */
  readonly hN: Ptr;
  readonly cN: Ptr;
  readonly h0: Slot | null;
  readonly c0: Slot | null;
}

/**
 * Sees the backward pass at each step of a direction, before the cell's gradient: the step's packed rows, from `row` on; dh [rows, R] from
 * the steps after it, dOut (row stride D·R; 0 when nothing flowed in) from the step's own output, whose sum is the gradient of h; dc [rows,
 * H] from the steps after it.
 */
export type ChainWatch = (step: {
  readonly trace: DirectionTrace;
  readonly t: number;
  readonly row: number;
  readonly rows: number;
  readonly dh: Ptr;
  readonly dOut: Ptr;
  readonly dc: Ptr;
}) => void;

interface ChainContext extends LayerContext {
  readonly consumes: boolean;
  readonly watch: ChainWatch | undefined;
}

/** What one direction's chain leaves: gradients of the pre-activations, dense in packed order. */
interface Chain {
  /** Whether it goes on to the states before the first step. */
  readonly toInitial: boolean;
  /** [total, G·H], input side. */
  readonly dGates: Ptr;
  /** [total, H] gradient of hn, GRU. */
  readonly dHn: Ptr;
  /** [total, R] gradient of the projected state, LSTM with projSize. */
  readonly dProjected: Ptr;
  /** [total, R] states before each step. */
  readonly hPrev: Ptr;
}

/**
 * @param dOut gradient of the packed output [total, D·R] of the last layer, 0 when nothing flowed into it
 * @param dInput where the gradient of the packed input goes (written, not added), or 0
 * @param consumes whether gates may be overwritten by their gradients
 */
export function backwardLayers(
  engine: Engine,
  spec: RecurrentSpec,
  weights: readonly RecurrentWeights[],
  slots: readonly WeightSlots[],
  ragged: Ragged,
  traces: readonly LayerTrace[],
  dOut: Ptr,
  dInput: Ptr,
  states: StateGradients,
  consumes: boolean,
  watch?: ChainWatch,
): void {
  const sizes = sizesOf(spec);
  const context: ChainContext = { engine, spec, sizes, ragged, consumes, watch };
  let dLayer = dOut;
  for (let layer = spec.numLayers - 1; layer >= 0; layer--) {
    const trace = traces[layer]!;
    const dx = layer > 0 ? engine.scratch(ragged.total * trace.inSize * 4) : dInput;
    for (let direction = 0; direction < sizes.directions; direction++) {
      const index = layer * sizes.directions + direction;
      const offset = direction * sizes.recurrent * 4;
      const own = { weights: weights[index]!, slots: slots[index]!, trace: trace.directions[direction]! };
      backwardDirection(
        context,
        index,
        own,
        trace,
        trace.out + offset,
        dLayer === 0 ? 0 : dLayer + offset,
        dx,
        direction === 0 ? 0 : 1,
        states,
      );
    }
    if (trace.mask !== null) dropRows(engine, ragged, spec.variational, dx, dx, trace.inSize, trace.mask);
    dLayer = dx;
  }
}

function backwardDirection(
  context: ChainContext,
  index: number,
  own: { weights: RecurrentWeights; slots: WeightSlots; trace: DirectionTrace },
  { x, inSize }: LayerTrace,
  out: Ptr,
  dOut: Ptr,
  dx: Ptr,
  beta: number,
  states: StateGradients,
): void {
  const { engine, spec, sizes, ragged } = context;
  const { hidden, recurrent } = sizes;
  const { batch, total } = ragged;
  const floats = (count: number) => engine.scratch(count * 4);
  const start = (given: Ptr, size: number): Ptr => {
    const ptr = floats(batch * size);
    if (given === 0) engine.memory.f32.fill(0, ptr >>> 2, (ptr >>> 2) + batch * size);
    else sortRows(engine, ragged, ptr, given + index * batch * size * 4, size, ragged.order);
    return ptr;
  };
  const lstm = spec.kind === "LSTM";
  const dh = start(states.hN, recurrent);
  const dc = lstm ? start(states.cN, hidden) : 0;
  const gateWidth = sizes.gates * hidden;
  // In their place they are in the cache, and a quarter of the step's memory is not touched. Where a GRU resets before the product, gates
  // are read after their gradients are written.
  const inPlace = context.consumes && (spec.kind !== "GRU" || spec.resetAfter);
  const chain: Chain = {
    toInitial: states.h0 !== null,
    dGates: inPlace ? own.trace.gates : floats(total * gateWidth),
    dHn: spec.kind === "GRU" ? floats(total * hidden) : 0,
    dProjected: spec.projSize > 0 ? floats(total * recurrent) : 0,
    hPrev: statesInOutput(context) ? out - batch * recurrent * 4 : floats(total * recurrent),
  };
  const reverse = sizes.directions === 2 && index % 2 === 1;
  const operands = packBackward(context, own.weights);
  const part = (lane: Lane, begin: number, end: number) =>
    runChain(context, lane, { begin, end }, reverse, own.trace, operands, chain, out, dOut, dh, dc);
  // Who watches the steps reads their values at once.
  if (context.watch !== undefined) part(engine.lane, 0, batch);
  else engine.split(batch, 4, 2 * total * gateWidth * recurrent, part, ragged.steps);
  weightGradients(context, own.slots, own.trace, chain, x, inSize);
  if (dx !== 0) {
    const packed = packOperand(engine, spec.name, {
      tensor: own.weights.weightIh,
      offset: 0,
      k: gateWidth,
      n: inSize,
      ld: inSize,
      transposed: 0,
    });
    rowsTimesPacked(engine, dx, chain.dGates, packed, total, inSize, gateWidth, beta);
  }
  finish(context, states.h0, dh, index, recurrent);
  if (lstm) finish(context, states.c0, dc, index, hidden);
}

/** Hands the gradient of an initial state back in the caller's order. */
function finish(context: LayerContext, slot: Slot | null, gradient: Ptr, index: number, size: number): void {
  if (slot === null) return;
  const { engine, ragged } = context;
  const count = ragged.batch * size;
  const target = slot.ptr + index * count * 4;
  if (slot.beta === 0) {
    sortRows(engine, ragged, target, gradient, size, ragged.rank);
    return;
  }
  const unsorted = engine.scratch(count * 4);
  sortRows(engine, ragged, unsorted, gradient, size, ragged.rank);
  engine.kernels.add(target, target, unsorted, count);
}

function packBackward({ engine, spec, sizes }: LayerContext, { weightHh, weightHr }: RecurrentWeights): RecurrentOperands {
  const { hidden, recurrent, gates } = sizes;
  const back = (tensor: RecurrentWeights["weightHh"], offset: number, k: number, n: number) =>
    packOperand(engine, spec.name, { tensor, offset, k, n, ld: n, transposed: 0 });
  const gru = spec.kind === "GRU";
  return {
    main: back(weightHh, 0, (gru ? 2 : gates) * hidden, recurrent),
    n: gru ? back(weightHh, 2 * hidden * recurrent, hidden, recurrent) : 0,
    projection: weightHr === null ? 0 : back(weightHr, 0, recurrent, hidden),
  };
}

/** The chain of dz over a lane's rows, last step of the walk first. dh and dc end as the gradients of h0 and c0, where the chain goes there. */
function runChain(
  { engine, spec, sizes, ragged, watch }: ChainContext,
  lane: Lane,
  rows: Rows,
  reverse: boolean,
  trace: DirectionTrace,
  { main, n, projection }: RecurrentOperands,
  chain: Chain,
  out: Ptr,
  dOut: Ptr,
  dhAll: Ptr,
  dcAll: Ptr,
): void {
  const { kernels, work } = lane;
  const { hidden, recurrent, width, gates } = sizes;
  const gateWidth = gates * hidden;
  const mix = engine.scratch(ragged.batch * hidden * 4);
  const dFull = projection === 0 ? 0 : engine.scratch(ragged.batch * hidden * 4);
  const dh = dhAll + rows.begin * recurrent * 4;
  const dc = dcAll + rows.begin * hidden * 4;
  for (const step of walk(ragged.time, reverse).reverse()) {
    const count = Math.min(rows.end, ragged.active[step.t]!) - rows.begin;
    if (count <= 0) continue;
    const row = ragged.offsets[step.t]! + rows.begin;
    const at = (base: Ptr, size: number) => base + row * size * 4;
    const mixH = at(chain.hPrev, recurrent) - rows.begin * recurrent * 4;
    const prev = stateBefore(ragged, lane, rows, step, out, width, trace.h0, recurrent, mixH);
    const hPrev = at(chain.hPrev, recurrent);
    if (prev.ptr + rows.begin * prev.ld * 4 !== hPrev) {
      kernels.copyStrided(hPrev, prev.ptr + rows.begin * prev.ld * 4, count, recurrent, recurrent, 1, prev.ld, 1);
    }
    const through = step.before >= 0 || chain.toInitial;
    const dGates = at(chain.dGates, gateWidth);
    const dOutRow = dOut === 0 ? 0 : at(dOut, width);
    watch?.({ trace, t: step.t, row, rows: count, dh, dOut: dOutRow, dc });
    if (spec.kind === "LSTM") {
      const cPrev = stateBefore(ragged, lane, rows, step, trace.c, hidden, trace.c0, hidden, mix).ptr + rows.begin * hidden * 4;
      const [activated, tanhC] = [at(trace.gates, gateWidth), at(trace.tanhC, hidden)];
      if (projection === 0) {
        kernels.lstmCellGrad(dGates, dc, dh, dOutRow, activated, cPrev, tanhC, count, hidden, width);
      } else {
        const dProjected = at(chain.dProjected, recurrent);
        kernels.copyStrided(dProjected, dh, 1, count * recurrent, 0, 1, 0, 1);
        if (dOutRow !== 0) kernels.addStrided(dProjected, dOutRow, count, recurrent, recurrent, 1, width, 1);
        kernels.gemmPacked(dFull, dProjected, projection, count, hidden, recurrent, recurrent, hidden, 0, 0, work);
        kernels.lstmCellGrad(dGates, dc, dFull, 0, activated, cPrev, tanhC, count, hidden, 0);
      }
      if (through) kernels.gemmPacked(dh, dGates, main, count, recurrent, gateWidth, gateWidth, recurrent, 0, 0, work);
    } else if (spec.kind === "GRU") {
      const [activated, hn, dHn] = [at(trace.gates, gateWidth), at(trace.hn, hidden), at(chain.dHn, hidden)];
      gruStepGrad(kernels, work, spec, { main, n }, dGates, dHn, dh, dOutRow, activated, hn, hPrev, count, width, through);
    } else {
      kernels.rnnCellGrad(dGates, dh, dOutRow, at(out, width), count, hidden, width, width, spec.kind === "RNN_RELU" ? 1 : 0);
      if (through) kernels.gemmPacked(dh, dGates, main, count, recurrent, hidden, hidden, recurrent, 0, 0, work);
    }
  }
}

/** One product over all packed rows for each weight; bias gradients are sums over them. */
function weightGradients(
  { engine, spec, sizes, ragged }: LayerContext,
  slots: WeightSlots,
  trace: DirectionTrace,
  { dGates, dHn, dProjected, hPrev }: Chain,
  x: Ptr,
  inSize: number,
): void {
  const { kernels } = engine;
  const { hidden, recurrent, jointBias } = sizes;
  const { total } = ragged;
  const gateWidth = sizes.gates * hidden;
  /** slot rows [from, from + m) += (rows of d)ᵀ · b */
  const product = (slot: Slot | null, from: number, d: Ptr, ldd: number, m: number, b: Ptr, n: number) => {
    if (slot !== null) transposedTimes(engine, slot.ptr + from * n * 4, d, ldd, b, m, n, total, slot.beta);
  };
  /** Sums over all rows, once for both biases. */
  const columns = (d: Ptr, n: number): Ptr => {
    const sums = slots.biasIh === null && slots.biasHh === null ? 0 : engine.scratch(n * 4);
    if (sums !== 0) kernels.reduceSum(sums, d, 1, total, n, 1, 0);
    return sums;
  };
  const add = (slot: Slot | null, from: number, sums: Ptr, n: number) => {
    if (slot !== null) kernels.axpby(slot.ptr + from * 4, sums, n, 1, slot.beta);
  };
  const sums = columns(dGates, gateWidth);
  product(slots.weightIh, 0, dGates, gateWidth, gateWidth, x, inSize);
  add(slots.biasIh, 0, sums, gateWidth);
  if (spec.kind === "GRU") {
    product(slots.weightHh, 0, dGates, gateWidth, 2 * hidden, hPrev, recurrent);
    if (spec.resetAfter) product(slots.weightHh, 2 * hidden, dHn, hidden, hidden, hPrev, recurrent);
    else product(slots.weightHh, 2 * hidden, dGates + 2 * hidden * 4, gateWidth, hidden, trace.hn, recurrent);
    add(slots.biasHh, 0, sums, jointBias);
    if (spec.resetAfter && slots.biasHh !== null) add(slots.biasHh, jointBias, columns(dHn, hidden), hidden);
  } else {
    product(slots.weightHh, 0, dGates, gateWidth, gateWidth, hPrev, recurrent);
    add(slots.biasHh, 0, sums, gateWidth);
  }
  product(slots.weightHr, 0, dProjected, recurrent, recurrent, trace.full, hidden);
}
