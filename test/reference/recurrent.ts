/** Recurrent layers over a ragged batch in float64, step by step from the formulas; a state can be nudged on its way. */
import { gruBlendUnit, gruResetUnit, gruUnit, lstmUnit } from "./cells.js";

export interface ReferenceSpec {
  readonly kind: "RNN_TANH" | "RNN_RELU" | "LSTM" | "GRU";
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly projSize: number;
  readonly numLayers: number;
  readonly bidirectional: boolean;
  /** GRU. */
  readonly resetAfter: boolean;
}

/** Flat, shapes as PyTorch's; index layer·D + direction. */
export interface ReferenceWeights {
  readonly weightIh: ArrayLike<number>;
  readonly weightHh: ArrayLike<number>;
  readonly biasIh: ArrayLike<number> | null;
  readonly biasHh: ArrayLike<number> | null;
  readonly weightHr: ArrayLike<number> | null;
}

/** Adds `by` to one element of a state just after it was computed; what is computed from it sees the sum. */
export interface Nudge {
  readonly state: "h" | "c";
  readonly index: number;
  readonly b: number;
  readonly t: number;
  readonly j: number;
  readonly by: number;
}

/** What the network starts from, and what multiplies the inputs of a layer above the first; zeros and ones by default. */
export interface Surroundings {
  readonly start?: (state: "h" | "c", index: number, b: number) => number[];
  readonly factor?: (layer: number, b: number, t: number, feature: number) => number;
}

/** [B][T] rows; those past a length are empty. */
type Rows = number[][][];

export interface ReferenceLayer {
  readonly h: Rows;
  readonly c: Rows;
  /** Concatenated in the order of the rows of the weights; Elman: empty. */
  readonly gates: Rows;
  /** Last h and c, [B]. */
  readonly last: number[][];
  readonly lastC: number[][];
}

/** rows · x + bias for one row x. */
const affine = (weight: ArrayLike<number>, bias: ArrayLike<number> | null, x: readonly number[]): number[] =>
  Array.from({ length: weight.length / x.length }, (_, r) => x.reduce((sum, v, i) => sum + weight[r * x.length + i]! * v, bias?.[r] ?? 0));

function step(
  spec: ReferenceSpec,
  w: ReferenceWeights,
  x: readonly number[],
  h: readonly number[],
  c: readonly number[],
  nudgeC: number[],
) {
  const { hiddenSize: n, kind } = spec;
  const [fromX, fromH] = [affine(w.weightIh, w.biasIh, x), affine(w.weightHh, w.biasHh, h)];
  const pre = fromX.map((value, r) => value + fromH[r]!);
  /** The reset works on all of h before any unit's n can be had. */
  const beforeProduct = (j: number) => {
    const first = h.map((value, i) => gruResetUnit([pre[i]!, pre[n + i]!], value));
    const ofReset = affine(
      w.weightHh,
      w.biasHh,
      first.map(({ rh }) => rh),
    );
    const [r, z] = first[j]!.gates;
    const { fresh, h: next } = gruBlendUnit(z, fromX[2 * n + j]! + ofReset[2 * n + j]!, h[j]!);
    return { gates: [r, z, fresh], h: next };
  };
  const units = Array.from({ length: n }, (_, j) => {
    if (kind === "LSTM") {
      const { gates, c: fresh } = lstmUnit(
        [0, 1, 2, 3].map((gate) => pre[gate * n + j]!),
        c[j]!,
      );
      const cell = fresh + nudgeC[j]!;
      return { gates, c: cell, h: gates[3] * Math.tanh(cell) };
    }
    if (kind === "GRU" && !spec.resetAfter) return { ...beforeProduct(j), c: 0 };
    if (kind === "GRU" && !spec.resetAfter) {
      // The reset gates of all units come before the product of n.
      const reset = h.map((value, k) => value / (1 + Math.exp(-pre[k]!)));
      const hn = affine(w.weightHh, w.biasHh, reset)[2 * n + j]!;
      return { ...gruUnit([pre[j]!, pre[n + j]!, fromX[2 * n + j]! + hn], 0, h[j]!), c: 0 };
    }
    if (kind === "GRU") return { ...gruUnit([pre[j]!, pre[n + j]!, fromX[2 * n + j]!], fromH[2 * n + j]!, h[j]!), c: 0 };
    return { gates: [], c: 0, h: kind === "RNN_RELU" ? Math.max(0, pre[j]!) : Math.tanh(pre[j]!) };
  });
  const full = units.map((unit) => unit.h);
  const gates = units[0]!.gates.flatMap((_, gate) => units.map((unit) => unit.gates[gate]!));
  return { h: w.weightHr === null ? full : affine(w.weightHr, null, full), c: units.map((unit) => unit.c), gates };
}

/** @param x [B][T] rows @returns the layers' and directions' states, index layer·D + direction, and the output's rows */
export function runReference(
  spec: ReferenceSpec,
  weights: readonly ReferenceWeights[],
  x: Rows,
  lengths: readonly number[],
  nudge?: Nudge,
  { start, factor }: Surroundings = {},
): { layers: ReferenceLayer[]; output: Rows } {
  const directions = spec.bidirectional ? 2 : 1;
  const layers: ReferenceLayer[] = [];
  let input = x;
  for (let layer = 0; layer < spec.numLayers; layer++) {
    if (layer > 0 && factor !== undefined)
      input = input.map((row, b) => row.map((values, t) => values.map((value, i) => value * factor(layer, b, t, i))));
    for (let direction = 0; direction < directions; direction++) {
      const index = layer * directions + direction;
      const rows = (): Rows => input.map((row) => row.map(() => []));
      const own: ReferenceLayer = { h: rows(), c: rows(), gates: rows(), last: [], lastC: [] };
      lengths.forEach((length, b) => {
        let h: number[] = start?.("h", index, b) ?? new Array(spec.projSize || spec.hiddenSize).fill(0);
        let c: number[] = start?.("c", index, b) ?? new Array(spec.hiddenSize).fill(0);
        for (let i = 0; i < length; i++) {
          const t = direction === 0 ? i : length - 1 - i;
          const here = nudge?.index === index && nudge.b === b && nudge.t === t ? nudge : undefined;
          const by = (state: "h" | "c", j: number) => (here?.state === state && here.j === j ? here.by : 0);
          const result = step(
            spec,
            weights[index]!,
            input[b]![t]!,
            h,
            c,
            c.map((_, j) => by("c", j)),
          );
          h = result.h.map((value, j) => value + by("h", j));
          c = result.c;
          own.h[b]![t] = h;
          own.c[b]![t] = c;
          own.gates[b]![t] = result.gates;
        }
        own.last[b] = h;
        own.lastC[b] = c;
      });
      layers.push(own);
    }
    const own = layers.slice(layer * directions);
    input = input.map((row, b) => row.map((_, t) => own.flatMap(({ h }) => h[b]![t]!)));
  }
  return { layers, output: input };
}
