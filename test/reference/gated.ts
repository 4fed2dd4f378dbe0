/** Layer-normalised LSTM and GRU steps in float64 (Ba et al. 2016), with the factors that dropout puts on h and on the candidate. */
import { layerNormRow } from "./layer-norm.js";
import { dense, type ReferenceStep, type Vector } from "./sequence.js";

export interface Norm {
  readonly weight: ArrayLike<number>;
  readonly bias: ArrayLike<number>;
}

export interface GatedWeights {
  readonly hidden: number;
  readonly weightIh: ArrayLike<number>;
  readonly weightHh: ArrayLike<number>;
  readonly biasIh?: ArrayLike<number> | undefined;
  readonly biasHh?: ArrayLike<number> | undefined;
  /** By name: i, h, c of an LSTM; i, h, in, hn of a GRU. Without norms: identity. */
  readonly norms: Readonly<Record<string, Norm>>;
  readonly eps: number;
}

/** Factors of a step: on the h that enters the products, and on the candidate. */
export interface Factors {
  readonly h: Vector;
  readonly candidate: Vector;
}

const s = (x: number) => 1 / (1 + Math.exp(-x));

function parts(w: GatedWeights, x: Vector, h: Vector, factors?: Factors) {
  const dropped = h.map((v, i) => v * (factors?.h[i] ?? 1));
  return { fromX: dense(x, w.weightIh, w.biasIh), fromH: dense(dropped, w.weightHh, w.biasHh) };
}

const through = (w: GatedWeights, name: string, x: Vector): Vector => {
  const norm = w.norms[name];
  return norm === undefined ? x : layerNormRow(x, norm.weight, norm.bias, w.eps);
};

export const lstmStep =
  (w: GatedWeights, factors?: () => Factors): ReferenceStep =>
  (x, { h, c }) => {
    const own = factors?.();
    const { fromX, fromH } = parts(w, x, h!, own);
    const [a, b] = [through(w, "i", fromX), through(w, "h", fromH)];
    const gate = (n: number, unit: number) => a[n * w.hidden + unit]! + b[n * w.hidden + unit]!;
    const next = c!.map((old, i) => s(gate(1, i)) * old + s(gate(0, i)) * Math.tanh(gate(2, i)) * (own?.candidate[i] ?? 1));
    const shown = through(w, "c", next);
    const output = shown.map((v, i) => s(gate(3, i)) * Math.tanh(v));
    return { output, state: { h: output, c: next } };
  };

export const gruStep =
  (w: GatedWeights, factors?: () => Factors): ReferenceStep =>
  (x, { h }) => {
    const own = factors?.();
    const { fromX, fromH } = parts(w, x, h!, own);
    const both = 2 * w.hidden;
    const [a, b] = [through(w, "i", fromX.slice(0, both)), through(w, "h", fromH.slice(0, both))];
    const [nx, nh] = [through(w, "in", fromX.slice(both)), through(w, "hn", fromH.slice(both))];
    const output = h!.map((old, i) => {
      const [r, z] = [s(a[i]! + b[i]!), s(a[w.hidden + i]! + b[w.hidden + i]!)];
      const n = Math.tanh(nx[i]! + r * nh[i]!) * (own?.candidate[i] ?? 1);
      return (1 - z) * n + z * old;
    });
    return { output, state: { h: output } };
  };
