/** Metrics as people read them. */
import { textTable } from "../../inspect/table.js";
import type { Metrics } from "../tasks/task.js";

/** Metrics that are no shares of one. */
const PLAIN = new Set(["mae", "rmse", "r2", "nats", "bitsPerCharacter", "perplexity", "bleu", "chrf"]);

export function metricText(name: string, value: number | undefined): string {
  if (value === undefined) return "-";
  return PLAIN.has(name) ? value.toPrecision(4) : `${(value * 100).toFixed(2)} %`;
}

/** A heading and rows of cells: the names of `scores`, each with the metrics that any of them has. */
export function metricCells(heading: string, scores: Readonly<Record<string, Metrics>>): readonly [heading: string[], rows: string[][]] {
  const names = [...new Set(Object.values(scores).flatMap((metrics) => Object.keys(metrics)))];
  const rows = Object.entries(scores).map(([row, metrics]) => [row, ...names.map((name) => metricText(name, metrics[name]))]);
  return [[heading, ...names], rows];
}

export const metricsTable = (heading: string, scores: Readonly<Record<string, Metrics>>): string =>
  textTable(...metricCells(heading, scores), 1);
