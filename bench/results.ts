/** bench/RESULTS.md: sections that a run replaces, each with the machine, the versions and the day it was made on. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { lineChart } from "../examples/line-chart.js";
import { number } from "./print.js";
import type { Provenance, Report, ReportRow } from "./report.js";
import type { ScalingLine } from "./scaling.js";

const FILE = "bench/RESULTS.md";
const PICTURES = "bench/pictures";
const HEAD = `# Results

Written by \`npm run bench -- --peers --write\` and \`npm run bench -- --scaling --write\`; what the rows are stands in bench/rows.ts. Systems run in
turn, each in a process of its own; their results are compared before anything is timed. A ratio is the time of a system as a multiple of
\`recurra\`'s, the median over rounds in which both ran, with the middle half of the rounds in parentheses: above 1, recurra is faster. Times
of two runs do not compare, for machines drift; ratios do.
`;

const mark = (name: string, end: "begin" | "end"): string => `<!-- ${name} ${end} -->`;

/** Puts a section between its marks, at the end when it is new. */
export function replaceSection(file: string, name: string, text: string): string {
  const section = `${mark(name, "begin")}\n\n${text.trim()}\n\n${mark(name, "end")}\n`;
  const [start, end] = [file.indexOf(mark(name, "begin")), file.indexOf(mark(name, "end"))];
  if (start === -1 || end === -1) return `${file.trimEnd()}\n\n${section}`;
  return file.slice(0, start) + section + file.slice(end + mark(name, "end").length + 1);
}

/** "node v20.20.2" is a node 20: each has a section of its own. */
const family = ({ runtime }: Provenance): string => runtime.replace(/^(\S+) v?(\d+).*$/, "$1 $2");

async function write(root: string, name: string, text: string): Promise<void> {
  const file = path.join(root, FILE);
  const before = await readFile(file, "utf8").catch(() => HEAD);
  await writeFile(file, replaceSection(before, name, text));
}

export function table(head: readonly string[], rows: readonly (readonly string[])[], align = "---:"): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? "---" : align))), ...rows.map(line)].join("\n");
}

function provenance({ machine, runtime, commit, date }: Provenance): string {
  return `${date}, commit ${commit}, ${runtime}, ${machine.cpu} (${machine.cores} cores, ${machine.platform} ${machine.arch}).`;
}

const units: Readonly<Record<ReportRow["unit"], (value: number) => string>> = {
  "GFLOP/s": (value) => `${number(value)} GF/s`,
  ms: (value) => `${number(value)} ms`,
  bytes: (value) => `${(value / 1024).toFixed(1)} KiB`,
};

/** Rows down, systems across: the value, and the ratio where there is one. */
function grid({ rows, ratios }: Report, systems: readonly string[], wanted: (row: ReportRow) => boolean): string {
  const chosen = rows.filter((row) => systems.includes(row.system) && wanted(row));
  const across = systems.filter((system) => chosen.some((row) => row.system === system));
  const ids = [...new Set(chosen.map(({ id }) => id))];
  const cell = (id: string, system: string): string => {
    const row = chosen.find((entry) => entry.id === id && entry.system === system);
    if (row === undefined) return "";
    const ratio = ratios.find((entry) => entry.id === id && entry.system === system);
    const times = ratio === undefined ? "" : `<br>${number(ratio.median)}x (${number(ratio.low)} … ${number(ratio.high)})`;
    return `${units[row.unit](row.value)}${times}`;
  };
  return table(
    ["", ...across],
    ids.map((id) => [id, ...across.map((system) => cell(id, system))]),
  );
}

export function rowsMarkdown(report: Report): string {
  const timed = ({ id }: ReportRow) => id !== "S1" && !id.startsWith("C1");
  const own = report.systems.filter(({ id }) => id.startsWith("recurra")).map(({ id }) => id);
  const peers = report.systems.filter(({ id }) => !id.startsWith("recurra")).map(({ id }) => id);
  const systems = report.systems.map(({ id, title, facts, why }) => {
    const known = Object.entries(facts ?? {}).map(([name, value]) => `${name} ${value}`);
    return [`\`${id}\``, title, [...known, ...(why === null ? [] : [`**${why}**`])].join("; ")];
  });
  const ladder = ["recurra-js", "recurra-scalar", "recurra-reproducible", "recurra-no-flags", "recurra", "recurra-2t"];
  const sizes = report.rows.filter(({ id }) => id === "S1").map(({ system, value }) => [system, units.bytes(value)]);
  return [
    `## Rows, ${family(report)}`,
    provenance(report),
    report.ceiling === null ? "" : `128-bit ceiling of one core, median over the rows: ${report.ceiling.toFixed(1)} GFLOP/s.`,
    table(["system", "what", "facts"], systems, "---"),
    "### The ladder: TypeScript, scalar WebAssembly, SIMD, what the runtime has by itself, the best, threads",
    grid(
      report,
      ladder.filter((id) => own.includes(id)),
      timed,
    ),
    ...(peers.length === 0 ? [] : ["### Other libraries", grid(report, ["recurra", ...peers], timed)]),
    ...(report.rows.some(({ id }) => id.startsWith("C1"))
      ? ["### Cold start, in fresh processes, over an empty script", grid(report, ["recurra", ...peers], ({ id }) => id.startsWith("C1"))]
      : []),
    ...(sizes.length === 0 ? [] : ["### Download, gzip", table(["", "size"], sizes)]),
  ].join("\n\n");
}

export async function writeRows(root: string, report: Report): Promise<void> {
  await write(root, `rows, ${family(report)}`, rowsMarkdown(report));
}

const slug = (text: string): string => text.replace(/[^a-z]+/g, "-");
const megabytes = (bytes: number): number => bytes / 2 ** 20;

/** One curve: a table, and its pictures of time and memory beside it. */
function curveMarkdown(name: string, lines: readonly ScalingLine[]): string {
  const sizes = lines[0]!.points.map(({ size }) => size);
  const rows = lines.flatMap(({ work, system, points, timeExponent, memoryExponent }) => [
    [`${work}, \`${system}\`, ms`, ...points.map(({ ms }) => number(ms)), timeExponent.toFixed(2)],
    ...(points.some(({ bytes }) => Number.isFinite(bytes))
      ? [["… its memory, MiB", ...points.map(({ bytes }) => number(megabytes(bytes))), memoryExponent.toFixed(2)]]
      : []),
  ]);
  const pictures = ["time", "memory"].map((kind) => `![${name}: ${kind}](pictures/${slug(name)}-${kind}.svg)`);
  return [`### By ${name}`, table(["", ...sizes.map(String), "exponent"], rows), pictures.join("\n")].join("\n\n");
}

export async function writeScaling(root: string, lines: readonly ScalingLine[], made: Provenance): Promise<void> {
  const names = [...new Set(lines.map(({ curve }) => curve))];
  await mkdir(path.join(root, PICTURES), { recursive: true });
  for (const name of names) {
    const own = lines.filter(({ curve }) => curve === name);
    const draw = (kind: string, yLabel: string, value: (point: ScalingLine["points"][number]) => number) =>
      writeFile(
        path.join(root, PICTURES, `${slug(name)}-${kind}.svg`),
        lineChart(
          own.map(({ work, system, points }, i) => ({
            name: `${work}, ${system}`,
            values: points.map(value),
            x: points.map(({ size }) => size),
            // The chart gives a colour to each pair.
            dashed: i % 2 === 1,
          })),
          { title: `A step's ${kind} by ${name}`, xLabel: name, yLabel },
        ),
      );
    await draw("time", "ms", ({ ms }) => ms);
    await draw("memory", "MiB", ({ bytes }) => megabytes(bytes));
  }
  const text = [
    "## Scaling",
    provenance(made),
    "T1 with one size varied, and its LSTM's forward pass. Exponents p of size^p are fitted to the upper half of the sizes.",
    ...names.map((name) =>
      curveMarkdown(
        name,
        lines.filter(({ curve }) => curve === name),
      ),
    ),
  ].join("\n\n");
  await write(root, "scaling", text);
}
