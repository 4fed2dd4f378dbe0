/** A report of a model on data it was judged by: as text for the terminal, and as one HTML page with pictures. */
import { textTable } from "../../inspect/table.js";
import { mostConfused } from "../../train/metrics.js";
import type { ClassScore } from "../../train/scores.js";
import type { Moment } from "../journal.js";
import type { Metrics, Outcomes } from "../tasks/task.js";
import { barChart, heatMap, lineChart, type Point } from "./charts.js";
import { metricCells, metricsTable, metricText } from "./format.js";
import { type Child, Markup } from "./markup.js";

export interface ReportData {
  readonly title: string;
  /** What was run, in short. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** Which examples the metrics are of. */
  readonly judgedOn: string;
  /** The model's metrics and those of what it is held against, by name. */
  readonly scores: Readonly<Record<string, Metrics>>;
  /** The metric that counts. */
  readonly metric: string;
  readonly moments?: readonly Moment[];
  readonly outcomes?: Outcomes | undefined;
}

/** Classes in a matrix or a table at most: those with the most examples are shown. */
const MOST_CLASSES = 40;

/** Numbers of the largest, in their old order. */
function largest(sizes: readonly number[]): number[] {
  const order = sizes.map((_, i) => i).sort((a, b) => sizes[b]! - sizes[a]! || a - b);
  return order.slice(0, MOST_CLASSES).sort((a, b) => a - b);
}

/** The classes that are shown, and how many are not. */
function classesOf({ classes }: Outcomes): { shown: (readonly [string, ClassScore])[]; hidden: number } {
  const all = Object.entries(classes);
  const shown = largest(all.map(([, { support }]) => support)).map((i) => all[i]!);
  return { shown, hidden: all.length - shown.length };
}

/** For the terminal: metrics, classes, the most frequent confusions. */
export function reportText({ judgedOn, scores, outcomes }: ReportData): string {
  const parts = [metricsTable(judgedOn, scores)];
  if (outcomes !== undefined) {
    const { shown, hidden } = classesOf(outcomes);
    const rows = shown.map(([name, { precision, recall, f1, support }]) => [
      name,
      ...[precision, recall, f1].map((share) => metricText("share", share)),
      String(support),
    ]);
    parts.push(textTable(["class", "precision", "recall", "F1", "examples"], rows, 1));
    if (hidden > 0) parts.push(`(${hidden} rarer classes not shown)`);
    const { matrix, labels } = outcomes.confusions ?? { matrix: [], labels: [] };
    const confused = mostConfused(matrix, labels, 5).map(({ truth, predicted, count }) => `  ${truth} taken for ${predicted}: ${count}`);
    if (confused.length > 0) parts.push(["most often confused:", ...confused].join("\n"));
  }
  return parts.join("\n\n");
}

const STYLE = `
:root { color-scheme: light dark; --ground: #fff; --ink: #1c1e21; --soft: #e3e6ea; --s0: #1b6ca8; --s1: #c8553d; --s2: #2e8b57; }
@media (prefers-color-scheme: dark) { :root { --ground: #16181c; --ink: #e4e6ea; --soft: #33373d; --s0: #63b0ee; --s1: #f08a70; --s2: #6cc990; } }
body { background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; } th, td { padding: .2rem .8rem; border-bottom: 1px solid var(--soft); text-align: right; }
th:first-child, td:first-child, .words td { text-align: left; } td { font-variant-numeric: tabular-nums; }
svg { max-width: 100%; height: auto; display: block; margin: 1.5rem 0; font: 11px system-ui, sans-serif; }
svg text { fill: var(--ink); } svg .title { font-size: 14px; font-weight: 600; } .grid { stroke: var(--soft); } .ground { fill: var(--soft); fill-opacity: .35; }
.line { fill: none; stroke-width: 1.8; } .line.s0 { stroke: var(--s0); } .line.s1 { stroke: var(--s1); } .line.s2 { stroke: var(--s2); }
.dot.s0 { fill: var(--s0); } .dot.s1 { fill: var(--s1); } .dot.s2 { fill: var(--s2); }
svg .name.s0 { fill: var(--s0); } svg .name.s1 { fill: var(--s1); } svg .name.s2 { fill: var(--s2); }
.bar, .right { fill: var(--s0); } .wrong { fill: var(--s1); }
`;

const { of } = Markup;

const table = (heading: readonly string[], rows: readonly (readonly Child[])[], kind?: string): Markup =>
  of(
    "table",
    { class: kind },
    of(
      "thead",
      {},
      of(
        "tr",
        {},
        heading.map((name) => of("th", { scope: "col" }, name)),
      ),
    ),
    of(
      "tbody",
      {},
      rows.map((row) =>
        of(
          "tr",
          {},
          row.map((cell) => of("td", {}, cell)),
        ),
      ),
    ),
  );

function trainingPictures(moments: readonly Moment[], metric: string): Markup[] {
  const loss = moments.map(({ step, loss: value }): Point => [step, value]);
  const judged = moments.flatMap((moment): Point[] => (moment.metric === undefined ? [] : [[moment.step, moment.metric]]));
  const pictures = [
    lineChart({ title: "Loss", xLabel: "step", yLabel: "training loss", lines: [{ name: "running mean of the epoch", points: loss }] }),
  ];
  if (judged.length > 0)
    pictures.push(lineChart({ title: "Dev metric", xLabel: "step", yLabel: metric, lines: [{ name: metric, points: judged }] }));
  return pictures;
}

const rest = (shown: number, all: number) => (shown < all ? ` (the ${shown} most frequent of ${all})` : "");

function outcomePictures(outcomes: Outcomes): Child[] {
  const { shown, hidden } = classesOf(outcomes);
  const bars = shown.map(([name, { f1, support }]) => ({ name, value: f1, note: `of ${support}` }));
  const pictures: Child[] = [barChart(`F1 of each class${rest(shown.length, shown.length + hidden)}`, bars)];
  const { confusions, calibration } = outcomes;
  if (confusions !== undefined) {
    const { labels, matrix } = confusions;
    const some = largest(matrix.map((row) => row.reduce((sum, n) => sum + n, 0)));
    const title = `Confusions: truth down, guess across${rest(some.length, labels.length)}`;
    pictures.push(
      heatMap(
        title,
        some.map((i) => labels[i]!),
        some.map((i) => some.map((j) => matrix[i]![j]!)),
      ),
    );
  }
  if (calibration !== undefined) {
    const points = calibration.bins.filter(({ count }) => count > 0).map(({ confidence, accuracy }): Point => [confidence, accuracy]);
    const lines = [
      { name: "this model", points },
      { name: "as sure as right", points: [[0, 0] as const, [1, 1] as const], dashed: true },
    ];
    const title = `Calibration (expected error ${metricText("share", calibration.expected)})`;
    pictures.push(lineChart({ title, xLabel: "probability of the guess", yLabel: "share that is right", lines, range: [0, 1] }));
  }
  return pictures;
}

/** One file that needs no other: styles and pictures are in it, and no script. */
export function reportHtml({ title, facts, judgedOn, scores, metric, moments = [], outcomes }: ReportData): string {
  const comparable = Object.entries(scores).flatMap(([name, metrics]) =>
    metrics[metric] === undefined ? [] : [{ name, value: metrics[metric] }],
  );
  const head = of("head", {}, of("title", {}, title), Markup.style(STYLE));
  const body = of(
    "body",
    {},
    of("h1", {}, title),
    table(["run", ""], facts, "words"),
    of("h2", {}, `On ${judgedOn}`),
    table(...metricCells(judgedOn, scores)),
    metricText(metric, 1).endsWith("%") ? barChart(metric, comparable) : undefined,
    outcomes === undefined ? undefined : [of("h2", {}, "Classes"), outcomePictures(outcomes)],
    moments.length === 0 ? undefined : [of("h2", {}, "Training"), trainingPictures(moments, metric)],
  );
  return `<!doctype html>\n<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">${head.text}${body.text}</html>\n`;
}
