/** Pictures of a report as SVG, in the colours of the page's style sheet. */
import { type Child, Markup, short } from "./markup.js";

const { of } = Markup;

export type Point = readonly [x: number, y: number];

export interface ChartLine {
  readonly name: string;
  readonly points: readonly Point[];
  readonly dashed?: boolean;
}

export interface LineChart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly lines: readonly ChartLine[];
  /** Ends of the upright axis; by default those of the values. */
  readonly range?: Point;
}

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [640, 300, 60, 16, 34, 44];
/** More points than this are not to be told apart. */
const MOST_POINTS = 600;

/** Round numbers over a range, five or so. */
export function ticks(low: number, high: number): number[] {
  const rough = (high - low) / 5;
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough)! * power;
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, i) => (first + i) * step);
}

const tickText = (value: number): string => String(Number(value.toPrecision(6)));

function rangeOf(values: readonly number[]): Point {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  if (low > high) return [0, 1];
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

/** The means of neighbours where there are too many points. */
function thinned(points: readonly Point[]): readonly Point[] {
  const group = Math.ceil(points.length / MOST_POINTS);
  if (group <= 1) return points;
  return Array.from({ length: Math.ceil(points.length / group) }, (_, i) => {
    const part = points.slice(i * group, (i + 1) * group);
    const mean = (axis: 0 | 1) => part.reduce((sum, point) => sum + point[axis], 0) / part.length;
    return [mean(0), mean(1)];
  });
}

/** A picture with a title that also names it to those who cannot see it. */
const figure = (title: string, width: number, height: number, children: readonly Child[]): Markup =>
  of(
    "svg",
    { viewBox: `0 0 ${short(width)} ${short(height)}`, role: "img", "aria-label": title, width: short(width), height: short(height) },
    of("text", { x: 8, y: 18, class: "title" }, title),
    children,
  );

export function lineChart({ title, xLabel, yLabel, lines, range }: LineChart): Markup {
  const drawn = lines.map((line) => ({
    ...line,
    points: thinned(line.points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y))),
  }));
  const [x0, x1] = rangeOf(drawn.flatMap(({ points }) => points.map(([x]) => x)));
  const [y0, y1] = range ?? rangeOf(drawn.flatMap(({ points }) => points.map(([, y]) => y)));
  const toX = (x: number) => LEFT + ((x - x0) / (x1 - x0)) * (WIDTH - LEFT - RIGHT);
  const toY = (y: number) => HEIGHT - BOTTOM - ((y - y0) / (y1 - y0)) * (HEIGHT - TOP - BOTTOM);
  const upright = ticks(y0, y1).map((y) => [
    of("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: short(toY(y)), y2: short(toY(y)), class: "grid" }),
    of("text", { x: LEFT - 6, y: short(toY(y) + 4), "text-anchor": "end" }, tickText(y)),
  ]);
  const level = ticks(x0, x1).map((x) => of("text", { x: short(toX(x)), y: HEIGHT - BOTTOM + 18, "text-anchor": "middle" }, tickText(x)));
  const curves = drawn.map(({ name, points, dashed }, i) => [
    of("path", {
      d: points.map(([x, y], at) => `${at === 0 ? "M" : "L"}${short(toX(x))} ${short(toY(y))}`).join(""),
      class: `line s${i}`,
      "stroke-dasharray": dashed === true ? "5 4" : undefined,
    }),
    points.length <= 40 ? points.map(([x, y]) => of("circle", { cx: short(toX(x)), cy: short(toY(y)), r: 2.5, class: `dot s${i}` })) : [],
    of("text", { x: WIDTH - RIGHT, y: 18 + 14 * i, "text-anchor": "end", class: `name s${i}` }, name),
  ]);
  return figure(title, WIDTH, HEIGHT, [
    upright,
    level,
    curves,
    of("text", { x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 8, "text-anchor": "middle" }, xLabel),
    of("text", { x: 0, y: 0, transform: `translate(14 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)`, "text-anchor": "middle" }, yLabel),
  ]);
}

const ROW = 20;
const cut = (name: string, length: number): string => (name.length > length ? `${name.slice(0, length - 1)}…` : name);

/** Values from 0 to 1, one bar a row, the value written behind it. */
export function barChart(
  title: string,
  rows: readonly { readonly name: string; readonly value: number; readonly note?: string }[],
): Markup {
  const left = 150;
  const full = WIDTH - left - 130;
  const bars = rows.map(({ name, value, note }, i) => {
    const y = TOP + i * ROW;
    const width = Math.max(0, Math.min(1, value)) * full;
    return [
      of("text", { x: left - 6, y: y + 14, "text-anchor": "end" }, cut(name, 22)),
      of("rect", { x: left, y: y + 3, width: short(width), height: ROW - 6, class: "bar" }),
      of("text", { x: short(left + width + 6), y: y + 14 }, `${(value * 100).toFixed(1)} %${note === undefined ? "" : `  ${note}`}`),
    ];
  });
  return figure(title, WIDTH, TOP + rows.length * ROW + 8, bars);
}

/** counts[truth][predicted]; a cell is as dark as its share of the row. */
export function heatMap(title: string, labels: readonly string[], counts: readonly (readonly number[])[]): Markup {
  const [left, top] = [130, 120];
  const cell = labels.length <= 12 ? 34 : 22;
  const cells = counts.flatMap((row, i) => {
    const sum = row.reduce((total, n) => total + n, 0);
    return row.map((n, j) => {
      const share = sum === 0 ? 0 : n / sum;
      const [x, y] = [left + j * cell, top + i * cell];
      const place = { x, y, width: cell - 1, height: cell - 1 };
      const tip = of("title", {}, `${labels[i]} taken for ${labels[j]}: ${n}`);
      return [
        of("rect", { ...place, class: "ground" }),
        n === 0 ? undefined : of("rect", { ...place, class: i === j ? "right" : "wrong", "fill-opacity": short(0.08 + 0.92 * share) }, tip),
        n === 0 || cell < 30 ? undefined : of("text", { x: x + cell / 2, y: y + cell / 2 + 4, "text-anchor": "middle" }, n),
      ];
    });
  });
  const names = labels.map((label, i) => {
    const middle = i * cell + cell / 2;
    return [
      of("text", { x: left - 6, y: top + middle + 4, "text-anchor": "end" }, cut(label, 18)),
      of("text", { transform: `translate(${left + middle + 4} ${top - 6}) rotate(-60)` }, cut(label, 14)),
    ];
  });
  const size = labels.length * cell;
  return figure(title, left + size + 70, top + size + 12, [cells, names]);
}
