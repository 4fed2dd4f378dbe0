/** How a step's time and memory grow with one size of T1 while the others stand: curves, and their exponents. */
import { measure, type Wish } from "./collect.js";
import type { RowResult } from "./rounds.js";
import { CLASSIFIER, forward, type Row, training } from "./rows.js";
import { fittedExponent, median } from "./statistics.js";

interface Curve {
  readonly name: string;
  readonly sizes: readonly number[];
  /** What is measured at each size. */
  readonly works: Readonly<Record<string, (size: number) => Row>>;
}

export interface Point {
  readonly size: number;
  readonly ms: number;
  /** Bytes in use: parameters, gradients, optimizer and what a step takes. */
  readonly bytes: number;
}

export interface ScalingLine {
  readonly curve: string;
  readonly work: string;
  readonly system: string;
  readonly points: readonly Point[];
  /** Of the upper half of the sizes, where what is constant weighs least. */
  readonly timeExponent: number;
  readonly memoryExponent: number;
}

const { batch, time, inputSize, hiddenSize } = CLASSIFIER;
const TRAINING = "training step";
const FORWARD = "LSTM forward";

export const CURVES: readonly Curve[] = [
  {
    name: "hidden size",
    sizes: [32, 64, 128, 256, 512, 1024],
    works: {
      [TRAINING]: (size) => training(`hidden ${size}`, { ...CLASSIFIER, hiddenSize: size }),
      [FORWARD]: (size) => forward(`hidden ${size}, forward`, "LSTM", batch, time, inputSize, size),
    },
  },
  {
    name: "batch",
    sizes: [1, 4, 16, 64, 256],
    works: {
      [TRAINING]: (size) => training(`batch ${size}`, { ...CLASSIFIER, batch: size }),
      [FORWARD]: (size) => forward(`batch ${size}, forward`, "LSTM", size, time, inputSize, hiddenSize),
    },
  },
  {
    name: "length",
    sizes: [10, 30, 100, 300, 1000, 2000],
    works: {
      [TRAINING]: (size) => training(`length ${size}`, { ...CLASSIFIER, time: size }),
      [FORWARD]: (size) => forward(`length ${size}, forward`, "LSTM", batch, size, inputSize, hiddenSize),
    },
  },
  {
    name: "vocabulary",
    sizes: [1000, 3000, 10_000, 30_000, 100_000],
    works: {
      [TRAINING]: (size) => training(`vocabulary ${size}`, { ...CLASSIFIER, vocabulary: size }),
      "training step, lazy": (size) => training(`vocabulary ${size}, lazy`, { ...CLASSIFIER, vocabulary: size, lazy: true }),
    },
  },
];

function lineOf(curve: Curve, work: string, system: string, results: ReadonlyMap<string, RowResult>): ScalingLine | null {
  const points = curve.sizes.flatMap((size) => {
    const { timings } = results.get(curve.works[work]!(size).id)!;
    const timing = timings.find(({ id }) => id === system);
    return timing === undefined ? [] : [{ size, ms: median(timing.rounds), bytes: timing.memory?.inUse ?? Number.NaN }];
  });
  if (points.length < 2) return null;
  const upper = points.slice(points.length >> 1);
  return {
    curve: curve.name,
    work,
    system,
    points,
    timeExponent: fittedExponent(upper.map(({ size, ms }) => ({ x: size, y: ms }))),
    memoryExponent: fittedExponent(upper.map(({ size, bytes }) => ({ x: size, y: bytes }))),
  };
}

export async function measureScaling(wish: Wish): Promise<ScalingLine[]> {
  const curves = CURVES.filter(({ name }) => wish.only === undefined || wish.only.has(name));
  const rows = curves.flatMap(({ sizes, works }) => Object.values(works).flatMap((make) => sizes.map(make)));
  const { results, systems } = await measure(rows, wish);
  const byId = new Map(results.map((result) => [result.row.id, result]));
  return curves.flatMap((curve) =>
    Object.keys(curve.works).flatMap((work) =>
      systems.flatMap(({ id }) => {
        const line = lineOf(curve, work, id, byId);
        return line === null ? [] : [line];
      }),
    ),
  );
}
