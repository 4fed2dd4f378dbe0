/** Metrics as people read them. */
import { textTable } from "../../inspect/table.js";
import type { Metrics } from "../tasks/task.js";

/** Metrics that are no shares of one. */
const PLAIN = new Set(["mae", "rmse", "r2", "nats", "bitsPerCharacter", "perplexity", "bleu", "chrf"]);

export function metricText(name: string, value: number | undefined): string {
  if (value === undefined) return "-";
  return PLAIN.has(name) ? value.toPrecision(4) : `${(value * 100).toFixed(2)} %`;
}

/** Rows of names with the metrics that any of them has. */
export function metricsTable(heading: string, rows: Readonly<Record<string, Metrics>>): string {
  const names = [...new Set(Object.values(rows).flatMap((metrics) => Object.keys(metrics)))];
  return textTable(
    [heading, ...names],
    Object.entries(rows).map(([row, metrics]) => [row, ...names.map((name) => metricText(name, metrics[name]))]),
    1,
  );
}
