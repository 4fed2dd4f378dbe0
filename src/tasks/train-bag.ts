/**
 * Training of the bag. It starts as naive Bayes and learns a factor for each n-gram and class by which the log-count ratio counts: what
 * naive Bayes finds uninformative moves little (Wang and Manning 2012, there with a linear support vector machine).
 */
import type { Engine } from "../engine/engine.js";
import { Module } from "../nn/module.js";
import { add, mul } from "../ops/arithmetic.js";
import { embedding } from "../ops/embedding.js";
import { Parameter } from "../ops/init.js";
import { segmentSum } from "../ops/segment-sum.js";
import { Adam } from "../optim/adam.js";
import { tensor } from "../tensor/create.js";
import { noGrad } from "../tensor/tape.js";
import type { Tensor } from "../tensor/tensor.js";
import { bucketBatches } from "../text/batching.js";
import { type FitOptions, type FitResult, fit } from "../train/fit.js";
import { shuffling } from "./draws.js";
import { fitScales, logLoss } from "./mixture.js";
import { type NgramBag, shareOf } from "./ngram-bag.js";
import { scoreBatches } from "./scores.js";
import { type ClassIds, lossOf } from "./targets.js";

export interface BagTask {
  /** Rows of the texts' n-grams, as the bag encodes them. */
  readonly rows: readonly Int32Array[];
  readonly targets: readonly ClassIds[];
  readonly devRows: readonly Int32Array[];
  readonly devTargets: readonly ClassIds[];
  readonly multiLabel: boolean;
  /** f32 [C], or null. */
  readonly weights: Tensor | null;
}

const BATCH = 32;
const RATE = 0.02;

/** What is learned: factors of the ratios, ones at first, and the bias. */
class Factors extends Module {
  readonly factor: Parameter;

  constructor(
    readonly ratios: Tensor,
    readonly bias: Parameter,
  ) {
    super();
    this.factor = new Parameter(ratios.engine, ratios.shape, { kind: "zeros" });
    this.factor.assign(new Float32Array(ratios.size).fill(1));
  }

  forward(texts: readonly Int32Array[]): Tensor {
    const { engine } = this.ratios;
    const rows = new Int32Array(texts.reduce((sum, { length }) => sum + length, 0));
    const owners = new Int32Array(rows.length);
    let at = 0;
    for (const [i, own] of texts.entries()) {
      rows.set(own, at);
      owners.fill(i, at, at + own.length);
      at += own.length;
    }
    const ids = tensor(engine, rows);
    const vectors = mul(embedding(this.factor, ids, null, true), embedding(this.ratios, ids));
    const shares = tensor(engine, Float32Array.from(texts, shareOf), [texts.length, 1]);
    return add(mul(segmentSum(vectors, tensor(engine, owners), texts.length), shares), this.bias);
  }

  /** Writes ratio · factor into a bag's weight. */
  fold(bag: NgramBag): void {
    this.ratios.engine.step(() => noGrad(this.ratios.engine, () => bag.weight.assign(mul(this.factor, this.ratios))));
  }

  override dispose(): void {
    this.factor.dispose();
    this.ratios.dispose();
  }
}

/** The batches of an epoch, in a random order of its own. */
function shuffled(engine: Engine, count: number, epoch: number): number[][] {
  const order = shuffling(engine, epoch, 1).shuffle(Array.from({ length: count }, (_, i) => i));
  return Array.from({ length: Math.ceil(count / BATCH) }, (_, i) => order.slice(i * BATCH, (i + 1) * BATCH));
}

/** Mean log loss of a bag, tempered. */
export function bagLoss(bag: NgramBag, rows: readonly Int32Array[], targets: readonly ClassIds[], multiLabel: boolean): number {
  const batches = bucketBatches(
    rows.map(({ length }) => length),
    { batchSize: 64 },
  );
  const logits = scoreBatches(bag.engine, batches, bag.bias.size, (batch) => bag.forward(batch.map((i) => rows[i]!)));
  return logLoss([logits], fitScales([logits], targets, multiLabel), targets, multiLabel);
}

/** Trains a bag that is naive Bayes, in place. The epoch whose dev loss is least is kept. */
export async function trainBag(bag: NgramBag, task: BagTask, fitOptions: Partial<FitOptions>): Promise<FitResult> {
  const { engine } = bag;
  const { rows, targets, devRows, devTargets, multiLabel, weights } = task;
  const factors = new Factors(tensor(engine, bag.weight.data(), bag.weight.shape), bag.bias);
  const optimizer = new Adam([
    { params: [factors.factor], lr: RATE, lazy: true },
    { params: [factors.bias], lr: RATE / 10 },
  ]);
  const learning = {
    batches: (epoch: number) => shuffled(engine, rows.length, epoch),
    count: (batch: readonly number[]) => batch.length,
    loss: (batch: readonly number[]) => {
      const logits = factors.forward(batch.map((i) => rows[i]!));
      return lossOf(
        logits,
        batch.map((i) => targets[i]!),
        multiLabel,
        weights,
      );
    },
    evaluate: () => {
      if (devRows.length === 0) return undefined;
      factors.fold(bag);
      return -bagLoss(bag, devRows, devTargets, multiLabel);
    },
  };
  try {
    // Few texts need more rounds: some 500 updates in all.
    const epochs = Math.min(20, Math.max(4, Math.ceil((500 * BATCH) / rows.length)));
    const result = await fit(engine, learning, optimizer, { ...fitOptions, epochs, schedule: (done) => 1 - done });
    factors.fold(bag);
    return result;
  } finally {
    optimizer.dispose();
    factors.dispose();
  }
}
