/** A small line chart as SVG, logarithmic upwards, and to the right where lines say at which x they stand. */
export interface Line {
  readonly name: string;
  readonly values: ArrayLike<number>;
  readonly dashed: boolean;
  /** Where the values stand on a logarithmic axis, ascending; without it they are numbered on a linear one. All lines or none have it. */
  readonly x?: readonly number[];
}

export interface ChartText {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
}

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [860, 440, 64, 230, 54, 48];
const COLOURS = ["#1b6ca8", "#1b6ca8", "#c8553d", "#c8553d", "#2e8b57", "#2e8b57", "#7b4fa3", "#7b4fa3"];
/** Power of ten below which nothing is drawn: a line that falls deeper ends at the bottom. */
const FLOOR = -16;

/** Runs of consecutive points that can be drawn, as [x or log10 x, log10 y]. */
function runsOf({ values, x }: Line): [number, number][][] {
  const runs: [number, number][][] = [[]];
  Array.from(values, Math.log10).forEach((log, i) => {
    if (log >= FLOOR && log < Number.POSITIVE_INFINITY) runs.at(-1)!.push([x === undefined ? i : Math.log10(x[i]!), log]);
    else if (runs.at(-1)!.length > 0) runs.push([]);
  });
  return runs.filter((run) => run.length > 0);
}

export function lineChart(lines: readonly Line[], { title, xLabel, yLabel }: ChartText): string {
  const runs = lines.map(runsOf);
  const logs = runs.flat(2).map(([, log]) => log);
  const [top, bottom] = logs.length === 0 ? [0, FLOOR] : [Math.ceil(Math.max(...logs)), Math.floor(Math.min(...logs))];
  const marks = lines.find(({ x }) => x !== undefined)?.x;
  const length = Math.max(...lines.map(({ values }) => values.length));
  const [first, last] = marks === undefined ? [0, Math.max(1, length - 1)] : [Math.log10(marks[0]!), Math.log10(marks.at(-1)!)];
  const x = (at: number) => LEFT + ((WIDTH - LEFT - RIGHT) * (at - first)) / (last - first);
  const y = (log: number) => TOP + ((HEIGHT - TOP - BOTTOM) * (top - log)) / Math.max(1, top - bottom);
  const every = Math.max(1, Math.ceil((top - bottom) / 8));
  const rows = Array.from({ length: Math.floor((top - bottom) / every) + 1 }, (_, i) => top - i * every).map(
    (tick) =>
      `<line x1="${LEFT}" y1="${y(tick)}" x2="${WIDTH - RIGHT}" y2="${y(tick)}" stroke="#ddd"/>` +
      `<text x="${LEFT - 8}" y="${y(tick) + 4}" text-anchor="end">${tick === 0 ? "1" : `1e${tick}`}</text>`,
  );
  const ticks = marks ?? [0, 0.25, 0.5, 0.75, 1].map((share) => Math.round(share * (length - 1)));
  const columns = ticks.map(
    (tick) =>
      `<text x="${x(marks === undefined ? tick : Math.log10(tick))}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${tick}</text>`,
  );
  const drawn = lines.map(({ name, dashed }, k) => {
    const style = `fill="none" stroke="${COLOURS[k % COLOURS.length]}" stroke-width="2"${dashed ? ' stroke-dasharray="5 4"' : ""}`;
    const curve = runs[k]!.map((run) => `M${run.map(([i, log]) => `${x(i).toFixed(1)} ${y(log).toFixed(1)}`).join("L")}`).join("");
    const row = TOP + 14 + 20 * k;
    const sample = `<line x1="${WIDTH - RIGHT + 14}" y1="${row - 4}" x2="${WIDTH - RIGHT + 40}" y2="${row - 4}" ${style}/>`;
    return `<path d="${curve}" ${style}/>${sample}<text x="${WIDTH - RIGHT + 46}" y="${row}">${name}</text>`;
  });
  const labels =
    `<text x="${LEFT}" y="22" font-size="15">${title}</text><text x="${LEFT - 40}" y="${TOP - 12}">${yLabel}</text>` +
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 8}" text-anchor="middle">${xLabel}</text>`;
  const open = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`;
  return `${open}<rect width="100%" height="100%" fill="white"/>${[...rows, ...columns, ...drawn].join("")}${labels}</svg>\n`;
}
