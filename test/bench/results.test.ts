import { describe, expect, test } from "vitest";
import type { Report } from "../../bench/report.js";
import { replaceSection, rowsMarkdown, table } from "../../bench/results.js";
import { lineChart } from "../../examples/line-chart.js";

test("a section is put between its marks, and others stay", () => {
  const first = replaceSection("# Head\n", "rows", "one");
  const both = replaceSection(first, "scaling", "two");
  expect(both).toBe("# Head\n\n<!-- rows begin -->\n\none\n\n<!-- rows end -->\n\n<!-- scaling begin -->\n\ntwo\n\n<!-- scaling end -->\n");
  expect(replaceSection(both, "rows", "three")).toBe(both.replace("one", "three"));
});

test("table", () => {
  expect(table(["", "a"], [["M32", "1"]])).toBe("|  | a |\n| --- | ---: |\n| M32 | 1 |");
});

const row = (id: string, system: string, value: number, unit: "GFLOP/s" | "ms" | "bytes") => ({
  id,
  system,
  value,
  unit,
  min: value,
  n: 3,
});
const report: Report = {
  machine: { cpu: "Abacus", cores: 2, platform: "desk", arch: "beads" },
  runtime: "node v20",
  commit: "abc",
  date: "2026-01-02",
  ceiling: 50.25,
  rows: [
    row("M32", "recurra", 30, "GFLOP/s"),
    row("M32", "recurra-js", 1.5, "GFLOP/s"),
    row("T1", "recurra", 12.5, "ms"),
    row("T1", "pytorch", 25, "ms"),
    row("C1", "recurra", 21, "ms"),
    row("S1", "recurra F5", 2048, "bytes"),
  ],
  ratios: [{ id: "T1", system: "pytorch", median: 2, low: 1.9, high: 2.1, rounds: 9 }],
  systems: [
    { id: "recurra", title: "best", facts: { build: "baseline" }, why: null },
    { id: "recurra-js", title: "plain", facts: {}, why: null },
    { id: "pytorch", title: "native", facts: { blas: "openblas" }, why: null },
    { id: "jax-js", title: "generated", facts: null, why: "not installed" },
  ],
  left: [],
};

describe("rowsMarkdown", () => {
  const text = rowsMarkdown(report);
  const lines = text.split("\n");
  test("names machine, versions and day", () => {
    expect(text).toContain("2026-01-02, commit abc, node v20, Abacus (2 cores, desk beads).");
    expect(text).toContain("50.3 GFLOP/s");
    expect(lines).toContain("| `pytorch` | native | blas openblas |");
    expect(lines).toContain("| `jax-js` | generated | **not installed** |");
  });
  test("has the ladder, the other libraries with ratios, cold starts and sizes", () => {
    expect(lines).toContain("| M32 | 1.50 GF/s | 30.0 GF/s |");
    expect(lines).toContain("| T1 | 12.5 ms | 25.0 ms<br>2.00x (1.90 … 2.10) |");
    expect(lines).toContain("| C1 | 21.0 ms |");
    expect(lines).toContain("| recurra F5 | 2.0 KiB |");
  });
});

test("a chart of lines with positions is logarithmic to the right", () => {
  const svg = lineChart([{ name: "a", values: [1, 10, 100], x: [1, 10, 100], dashed: false }], { title: "t", xLabel: "x", yLabel: "y" });
  const [, path] = svg.match(/<path d="M([^"]+)"/)!;
  const points = path!.split("L").map((point) => point.split(" ").map(Number));
  expect(points[1]![0]! - points[0]![0]!).toBeCloseTo(points[2]![0]! - points[1]![0]!, 1);
  expect(points[0]![1]! - points[1]![1]!).toBeCloseTo(points[1]![1]! - points[2]![1]!, 1);
  expect(svg).toContain(">100</text>");
});
