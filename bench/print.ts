/** A report as a table for the terminal. */
import type { Findings, ReportRatio } from "./report.js";
import type { ScalingLine } from "./scaling.js";

/** Three digits, or all of a whole number. */
export const number = (value: number): string => (value >= 1000 ? value.toFixed(0) : value.toPrecision(3));

const showRatio = ({ median, low, high }: ReportRatio): string => `${number(median)}x (${number(low)} … ${number(high)})`;

export function table({ ceiling, rows, ratios, systems, left }: Findings): string {
  const lines = rows.map(({ id, system, value, unit, n }) => {
    const share = unit === "GFLOP/s" && ceiling !== null ? `${((100 * value) / ceiling).toFixed(0)} %` : "";
    const ratio = ratios.find((entry) => entry.id === id && entry.system === system);
    const times = ratio === undefined ? "" : `time ${showRatio(ratio)} of recurra's`;
    return `${id.padEnd(14)}${system.padEnd(22)}${number(value).padStart(9)} ${unit.padEnd(8)}${share.padStart(6)}  n ${String(n).padEnd(8)}${times}`.trimEnd();
  });
  const notes = [
    ...systems.filter(({ why }) => why !== null).map(({ id, why }) => `${id}: ${why}`),
    ...left.map(({ id, system, why, failed }) => `${id} ${system}: ${failed ? "FAILED" : "left out"}: ${why}`),
  ];
  const head =
    ceiling === null ? [] : [`ceiling ${ceiling.toFixed(1)} GFLOP/s (128-bit multiply and add in wasm, median over this run's rows)`];
  return [...head, ...lines, ...(notes.length > 0 ? ["", ...notes] : [])].join("\n");
}

export function scalingTable(lines: readonly ScalingLine[]): string {
  return lines
    .map(({ curve, work, system, points, timeExponent, memoryExponent }) => {
      const shown = points.map(({ size, ms, bytes }) => `${size}: ${number(ms)} ms, ${number(bytes / 2 ** 20)} MiB`);
      return `${curve}, ${work}, ${system}: time ^${timeExponent.toFixed(2)}, memory ^${memoryExponent.toFixed(2)}\n  ${shown.join("\n  ")}`;
    })
    .join("\n");
}
