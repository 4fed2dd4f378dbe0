/**
 * npm run --silent random-configs -- [--count 10000] [--seed 1] [--start 0] [--only kernel/gemm]
 * Runs random configurations on WebAssembly and on the TypeScript kernels and compares bits; `--only` takes the kinds whose name holds
 * the text. A failure is run alone by --start NUMBER --count 1. Progress on standard error, one JSON object on standard output. Exit
 * code 0: all agree; 1: some differ; 2: could not run.
 */
import { parseArgs } from "node:util";
import { runProgram } from "../program.js";
import { createBackends, KINDS, kindOf, runConfiguration } from "./configurations.js";

interface Failure {
  readonly number: number;
  readonly kind: string;
  readonly message: string;
}

/** After so many failures the rest is left out. */
const MOST_FAILURES = 20;

function whole(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!(Number.isSafeInteger(value) && value >= least))
    throw new Error(`random-configs: ${name} ${text}, wants a whole number from ${least}`);
  return value;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      count: { type: "string", default: "10000" },
      seed: { type: "string", default: "1" },
      start: { type: "string", default: "0" },
      only: { type: "string", default: "" },
    },
  });
  const [count, seed] = [whole("--count", values.count, 1), whole("--seed", values.seed, 0)];
  if (!KINDS.some((kind) => kind.includes(values.only)))
    throw new Error(`random-configs: --only ${values.only}, wants a part of ${KINDS.join(", ")}`);
  const backends = await createBackends();
  const failures: Failure[] = [];
  const begin = performance.now();
  const seconds = () => Math.round((performance.now() - begin) / 100) / 10;
  let done = 0;
  for (let number = whole("--start", values.start, 0); done < count && failures.length < MOST_FAILURES; number++) {
    const kind = kindOf(number);
    if (!kind.includes(values.only)) continue;
    try {
      runConfiguration(backends, seed, number);
    } catch (error) {
      failures.push({ number, kind, message: (error as Error).message });
      process.stderr.write(`\n${(error as Error).message}\n`);
    }
    done++;
    if (done % 1000 === 0) process.stderr.write(`\r${done} of ${count}, ${failures.length} differ, ${seconds()} s `);
  }
  process.stderr.write("\n");
  process.stdout.write(`${JSON.stringify({ configurations: done, seed, only: values.only, failures, seconds: seconds() })}\n`);
  return failures.length === 0 ? 0 : 1;
}

runProgram(main);
