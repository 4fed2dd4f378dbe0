/** How sure the metrics of a model are, and whether another's differ. */
import { bootstrapInterval, type Interval, type RandomisationResult, randomisationTest } from "../train/significance.js";
import type { Metrics, TaskModel } from "./tasks/task.js";

/** Examples scored anew in all, by which the number of samples goes. */
const BOOTSTRAP_EXAMPLES = 400_000;
const TEST_EXAMPLES = 1_000_000;

const samplesOf = (all: number, examples: number, most: number): number => Math.min(most, Math.max(200, Math.floor(all / examples)));

/** 95 % bootstrap interval of each metric. */
export function intervalsOf(
  model: TaskModel,
  examples: readonly unknown[],
  answers: readonly unknown[],
  metrics: Metrics,
): Record<string, Interval> {
  const samples = samplesOf(BOOTSTRAP_EXAMPLES, examples.length, 1000);
  // Every metric's samples are the same ones, in the same order: each is scored once.
  const scored: Metrics[] = [];
  const figure = (name: string) => {
    let sample = 0;
    return (rows: Int32Array) => {
      const pick = <T>(items: readonly T[]) => Array.from(rows, (row) => items[row]!);
      const at = sample++;
      scored[at] ??= model.score(pick(examples), pick(answers));
      return scored[at][name]!;
    };
  };
  return Object.fromEntries(Object.keys(metrics).map((name) => [name, bootstrapInterval(examples.length, figure(name), { samples })]));
}

/** Approximate randomisation over the answers of two models to the same examples. */
export function compare(
  model: TaskModel,
  examples: readonly unknown[],
  first: readonly unknown[],
  second: readonly unknown[],
  metric: string,
): RandomisationResult {
  // Equal answers become one, so that only unlike ones are exchanged.
  const others = second.map((answer, i) => (JSON.stringify(answer) === JSON.stringify(first[i]) ? first[i] : answer));
  const samples = samplesOf(TEST_EXAMPLES, examples.length, 10_000);
  return randomisationTest(first, others, (answers) => model.score(examples, answers)[metric]!, { samples });
}
