/** A small line chart as SVG, logarithmic upwards. */
export interface Line {
  readonly name: string;
  readonly values: ArrayLike<number>;
  readonly dashed: boolean;
}

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [860, 420, 64, 230, 34, 40];
const COLOURS = ["#1b6ca8", "#1b6ca8", "#c8553d", "#c8553d", "#2e8b57", "#2e8b57", "#7b4fa3", "#7b4fa3"];
/** Smaller values are drawn at the bottom. */
const FLOOR = -16;

export function lineChart(lines: readonly Line[], xLabel: string, yLabel: string): string {
  const logs = lines.map(({ values }) => Array.from(values, (value) => Math.max(FLOOR, Math.log10(value))));
  const top = Math.ceil(Math.max(...logs.flat()));
  const bottom = Math.floor(Math.min(...logs.flat()));
  const length = Math.max(...logs.map((points) => points.length));
  const x = (i: number) => LEFT + ((WIDTH - LEFT - RIGHT) * i) / Math.max(1, length - 1);
  const y = (log: number) => TOP + ((HEIGHT - TOP - BOTTOM) * (top - log)) / Math.max(1, top - bottom);
  const every = Math.max(1, Math.ceil((top - bottom) / 8));
  const ticks = Array.from({ length: Math.floor((top - bottom) / every) + 1 }, (_, i) => top - i * every);
  const grid = ticks.map(
    (tick) =>
      `<line x1="${LEFT}" y1="${y(tick)}" x2="${WIDTH - RIGHT}" y2="${y(tick)}" stroke="#ddd"/><text x="${LEFT - 8}" y="${y(tick) + 4}" text-anchor="end">1e${tick}</text>`,
  );
  const drawn = lines.map(({ name, dashed }, k) => {
    const points = logs[k]!.map((log, i) => `${x(i).toFixed(1)},${y(log).toFixed(1)}`).join(" ");
    const style = `fill="none" stroke="${COLOURS[k % COLOURS.length]}" stroke-width="2"${dashed ? ' stroke-dasharray="5 4"' : ""}`;
    const row = TOP + 14 + 20 * k;
    const legend = `<line x1="${WIDTH - RIGHT + 14}" y1="${row - 4}" x2="${WIDTH - RIGHT + 40}" y2="${row - 4}" ${style}/><text x="${WIDTH - RIGHT + 46}" y="${row}">${name}</text>`;
    return `<polyline points="${points}" ${style}/>${legend}`;
  });
  const labels = `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 10}" text-anchor="middle">${xLabel} (0 to ${length - 1})</text><text x="14" y="18">${yLabel}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>${grid.join("")}${drawn.join("")}${labels}</svg>\n`;
}
