/**
 * npm run ulp [-- --stride 101] [--write] [--build relaxed] [--only exp]
 * Error of the transcendental kernels against float64, and whether they rise, are odd, stay in their range and keep NaN: over all 2^32
 * bit patterns of float32, each of which runs through the kernel; the other activations over a sample. Uses every core.
 * A table in Markdown on standard output; --write puts it into docs/numerics.md. Exit code 1 when a count is not 0.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { runProgram } from "../test/program.js";
import { type Found, Sweeper, TARGETS, type Target } from "./ulp-sweep.js";

/** Patterns of a task. */
const TASK = 1 << 25;
const ALL = 2 ** 32;

interface Task {
  readonly target: number;
  readonly stride: number;
  readonly low: number;
  readonly high: number;
}

/** Both signs of every function; of an odd one the positive half, which brings the other along. */
function tasksOf(chosen: readonly number[], stride: number): Task[] {
  return chosen.flatMap((target) => {
    const step = Math.max(stride, TARGETS[target]!.stride);
    const half = TARGETS[target]!.odd ? [0] : [0, ALL / 2];
    return half.flatMap((sign) => {
      const starts = Array.from({ length: ALL / 2 / TASK }, (_, i) => sign + Math.ceil((i * TASK) / step) * step);
      return starts.map((low, i): Task => ({ target, stride: step, low, high: starts[i + 1] ?? sign + ALL / 2 }));
    });
  });
}

function merge(into: Found, { ulp, at, ...counts }: Found): void {
  if (ulp > into.ulp) [into.ulp, into.at] = [ulp, at];
  for (const key of ["inputs", "missed", "falls", "uneven", "outside"] as const) into[key] += counts[key];
}

/** Hands the tasks out to workers as they become free. */
async function runAll(tasks: readonly Task[], build: string, found: readonly Found[]): Promise<void> {
  const queue = [...tasks];
  let done = 0;
  const serve = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(fileURLToPath(import.meta.url), { workerData: build });
      const next = () => {
        const task = queue.shift();
        if (task === undefined) void worker.terminate().then(() => resolve());
        else worker.postMessage(task);
      };
      worker.on("error", reject);
      worker.on("message", ({ target, result }: { target: number; result: Found }) => {
        merge(found[target]!, result);
        if (++done % 16 === 0) process.stderr.write(`\r${Math.floor((100 * done) / tasks.length)} % `);
        next();
      });
      next();
    });
  await Promise.all(Array.from({ length: availableParallelism() }, serve));
  process.stderr.write("\n");
}

function work(): void {
  const sweeper = new Sweeper(workerData as string);
  parentPort!.on("message", ({ target, stride, low, high }: Task) => {
    const result = sweeper.sweep({ ...TARGETS[target]!, stride }, low, high);
    parentPort!.postMessage({ target, result });
  });
}

function table(chosen: readonly number[], found: readonly Found[]): string {
  const cell = (wanted: boolean, count: number) => (wanted ? String(count) : "");
  const row = (target: number) => {
    const { name, monotone, odd, range } = TARGETS[target] as Target;
    const { inputs, ulp, at, missed, falls, uneven, outside } = found[target]!;
    const bounded = range.some(Number.isFinite);
    const cells = [name, inputs, ulp.toFixed(3), at, missed, cell(monotone, falls), cell(odd, uneven), cell(bounded, outside)];
    return `| ${cells.join(" | ")} |`;
  };
  return [
    "| function | inputs | largest error, ulp | at x | NaN or infinity missed | falls | not odd | out of range |",
    "|---|---|---|---|---|---|---|---|",
    ...chosen.map(row),
  ].join("\n");
}

function writeTable(build: string, text: string): void {
  const file = path.join(process.env.RECURRA_ROOT ?? process.cwd(), "docs/numerics.md");
  const document = readFileSync(file, "utf8");
  const place = new RegExp(`(?<=<!-- ulp ${build} -->\\n)[\\s\\S]*?(?=<!-- end -->)`);
  if (!place.test(document)) throw new Error(`ulp: ${file} has no place for the table, wants <!-- ulp ${build} --> … <!-- end -->`);
  writeFileSync(file, document.replace(place, `${text}\n`));
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      stride: { type: "string", default: "1" },
      build: { type: "string", default: "baseline" },
      only: { type: "string" },
      write: { type: "boolean", default: false },
    },
  });
  const stride = Number(values.stride);
  if (!(Number.isInteger(stride) && stride >= 1)) throw new Error(`ulp: --stride ${values.stride}, wants a whole number from 1`);
  if (values.write && (stride !== 1 || values.only !== undefined)) throw new Error("ulp: --write with other options, wants it alone");
  const chosen = [...TARGETS.keys()].filter((i) => values.only === undefined || TARGETS[i]!.name === values.only);
  const found = TARGETS.map((): Found => ({ inputs: 0, ulp: 0, at: 0, missed: 0, falls: 0, uneven: 0, outside: 0 }));
  await runAll(tasksOf(chosen, stride), values.build, found);
  const text = table(chosen, found);
  console.log(text);
  if (values.write) writeTable(values.build, text);
  return found.every(({ missed, falls, uneven, outside }) => missed + falls + uneven + outside === 0) ? 0 : 1;
}

if (!isMainThread) work();
else runProgram(main);
