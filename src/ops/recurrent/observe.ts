/** What a recurrent operation did at every step, read from what it keeps for its backward pass; nothing is computed anew or changed. */
import type { Ptr } from "../../engine/kernels.js";
import type { TapeEntry } from "../../tensor/tensor.js";
import type { LayerTrace } from "./forward.js";
import type { Ragged } from "./ragged.js";
import type { RecurrentSaved } from "./recurrent.js";
import { type RecurrentKind, type RecurrentSpec, type RecurrentWeights, sizesOf } from "./spec.js";

/** Names of the gates in the order of their rows; an Elman network has none. */
export const GATE_NAMES: Readonly<Record<RecurrentKind, readonly string[]>> = {
  RNN_TANH: [],
  RNN_RELU: [],
  LSTM: ["i", "f", "g", "o"],
  GRU: ["r", "z", "n"],
};

/** A recurrent operation of the tape, with what it keeps. */
export interface RecurrentCall {
  readonly spec: RecurrentSpec;
  readonly weights: readonly RecurrentWeights[];
  readonly batch: number;
  readonly time: number;
  /** Real steps of each row. */
  readonly lengths: Int32Array;
  readonly saved: RecurrentSaved;
}

/** One layer and direction. Arrays are [B, T, size] row-major, 0 past each length. */
export interface StepStates {
  /** [B, T, R] */
  readonly h: Float32Array;
  /** [B, T, H], LSTM. */
  readonly c: Float32Array | null;
  /** Activated gates, [B, T, H] each. */
  readonly gates: Readonly<Record<string, Float32Array>>;
}

/** One layer and direction: squared norms over the batch of the gradients at each step. */
export interface StepGradients {
  readonly h: Float64Array;
  /** LSTM. */
  readonly c: Float64Array | null;
}

/** The entry as a recurrent call; null when it is another operation. */
export function recurrentCall({ op, saved: kept, inputs }: TapeEntry): RecurrentCall | null {
  if (op !== "recurrent") return null;
  const saved = kept as RecurrentSaved;
  const { ragged, spec } = saved;
  const lengths = new Int32Array(ragged.batch);
  for (const { b } of rowsOf(inputs[0]!.engine.memory.i32, ragged)) lengths[b]!++;
  return { spec, weights: saved.inputs.weights, batch: ragged.batch, time: ragged.time, lengths, saved };
}

/** Packed rows in order, with row and step of the batch. */
function* rowsOf(i32: Int32Array, { time, active, offsets, order }: Ragged): Iterable<{ packed: number; b: number; t: number }> {
  for (let t = 0; t < time; t++) {
    for (let r = 0; r < active[t]!; r++) yield { packed: offsets[t]! + r, b: i32[(order >>> 2) + r]!, t };
  }
}

/** Layers and directions in the order of their weights, index layer·D + direction. */
const directionsOf = ({ saved }: RecurrentCall) =>
  saved.traces.flatMap((trace) => trace.directions.map((own, direction) => ({ trace, own, direction })));

/** Gates and states; to be read in the step that ran the call. */
export function stepStates(call: RecurrentCall): StepStates[] {
  const { spec, saved } = call;
  const { hidden, recurrent, width, gates } = sizesOf(spec);
  const read = (from: Ptr, ld: number, size: number) => spread(call, from, ld, size);
  return directionsOf(call).map(({ trace, own, direction }) => ({
    h: read(trace.out + direction * recurrent * 4, width, recurrent),
    c: own.c === 0 ? null : read(own.c, hidden, hidden),
    gates: Object.fromEntries(
      GATE_NAMES[saved.spec.kind].map((name, gate) => [name, read(own.gates + gate * hidden * 4, gates * hidden, hidden)]),
    ),
  }));
}

/** Packed rows of stride ld as [B, T, size]. */
function spread({ batch, time, saved }: RecurrentCall, from: Ptr, ld: number, size: number): Float32Array {
  const { f32, i32 } = saved.inputs.input.engine.memory;
  const result = new Float32Array(batch * time * size);
  for (const { packed, b, t } of rowsOf(i32, saved.ragged)) {
    const start = (from >>> 2) + packed * ld;
    result.set(f32.subarray(start, start + size), (b * time + t) * size);
  }
  return result;
}

/**
 * Makes the call's backward pass note the gradients of its states as it computes them: of h what comes from later steps, from the
 * layer above and from the loss; of c what comes from later steps and, through o·tanh(c), from h. Zeros when nothing flows into the call.
 */
export function watchGradients(call: RecurrentCall): StepGradients[] {
  const { spec, saved, time } = call;
  const directions = directionsOf(call);
  const found = directions.map(
    (): StepGradients => ({
      h: new Float64Array(time),
      c: spec.kind === "LSTM" ? new Float64Array(time) : null,
    }),
  );
  const { recurrent, width } = sizesOf(spec);
  saved.watch = ({ trace, t, row, rows, dh, dOut, dc }) => {
    const index = directions.findIndex(({ own }) => own === trace);
    const { f32 } = saved.inputs.input.engine.memory;
    const own = new Float64Array(recurrent);
    for (let r = 0; r < rows; r++) {
      for (let j = 0; j < recurrent; j++) {
        own[j] = f32[(dh >>> 2) + r * recurrent + j]! + (dOut === 0 ? 0 : f32[(dOut >>> 2) + r * width + j]!);
        found[index]!.h[t]! += own[j]! * own[j]!;
      }
      if (spec.kind === "LSTM")
        found[index]!.c![t]! += squaredCellGradient(call, trace, call.weights[index]!, row + r, own, dc + r * spec.hiddenSize * 4);
    }
  };
  return found;
}

/** Squared norm of a packed row's dLoss/dc = dc of later steps + dh·o·(1 - tanh² c), dh in front of the projection. */
function squaredCellGradient(
  { spec, saved }: RecurrentCall,
  trace: LayerTrace["directions"][number],
  { weightHr }: RecurrentWeights,
  row: number,
  dh: Float64Array,
  dc: Ptr,
): number {
  const { hiddenSize } = spec;
  const { f32 } = saved.inputs.input.engine.memory;
  const projection = weightHr === null ? 0 : weightHr.address(spec.name) >>> 2;
  let sum = 0;
  for (let j = 0; j < hiddenSize; j++) {
    let full = dh[j]!;
    if (projection !== 0) full = dh.reduce((total, d, p) => total + d * f32[projection + p * hiddenSize + j]!, 0);
    const o = f32[(trace.gates >>> 2) + (row * 4 + 3) * hiddenSize + j]!;
    const tanhC = f32[(trace.tanhC >>> 2) + row * hiddenSize + j]!;
    const d = f32[(dc >>> 2) + j]! + full * o * (1 - tanhC * tanhC);
    sum += d * d;
  }
  return sum;
}

/** Multiplications and additions of the call's matrix products in the forward pass; padding is never computed and does not count. */
export function productFlops({ spec, saved }: RecurrentCall): number {
  const { gates, hidden, recurrent, directions } = sizesOf(spec);
  const perRow = saved.traces.reduce((sum, { inSize }) => sum + gates * hidden * (inSize + recurrent) + spec.projSize * hidden, 0);
  return 2 * saved.ragged.total * directions * perRow;
}
