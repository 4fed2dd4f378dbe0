/**
 * npm run ulp [-- --stride 1]
 * Error of the transcendental kernels against float64 over float32's bit patterns, every stride-th of 2^32: a table in Markdown.
 * The whole range takes minutes a function. docs/numerics.md holds its output.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { instantiateSync } from "@assemblyscript/loader";

const BLOCK = 1 << 20;
const START = 65536;
const sigmoid = (x: number) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
const FUNCTIONS: readonly (readonly [string, (x: number) => number])[] = [
  ["exp", Math.exp],
  ["log", Math.log],
  ["tanh", Math.tanh],
  ["sigmoid", sigmoid],
];

const { values } = parseArgs({ options: { stride: { type: "string", default: "1" } } });
const stride = Number(values.stride);
if (!(Number.isInteger(stride) && stride >= 1)) throw new Error(`ulp: stride ${values.stride}, wants a whole number from 1`);

const memory = new WebAssembly.Memory({ initial: 200, maximum: 65536, shared: true });
const file = path.join(process.env.RECURRA_ROOT ?? process.cwd(), "build/wasm/core-baseline.wasm");
const { exports } = instantiateSync(readFileSync(file), { env: { memory } });
const bits = new Uint32Array(memory.buffer, START, BLOCK);
const x = new Float32Array(memory.buffer, START, BLOCK);
const y = new Float32Array(memory.buffer, START + 4 * BLOCK, BLOCK);
const high = new Float64Array(1);
const word = new Uint32Array(high.buffer);

/** Size of one unit in the last place of the float32 nearest to v. */
function ulpOf(v: number): number {
  high[0] = Math.abs(v);
  const exponent = Math.max(-126, (word[1]! >>> 20) - 1023);
  word[0] = 0;
  word[1] = (exponent - 23 + 1023) << 20;
  return high[0]!;
}

interface Worst {
  ulp: number;
  at: number;
  wrong: number;
}

function sweep(name: string, f: (v: number) => number): Worst {
  const kernel = exports[`f32_${name}`] as (to: number, from: number, n: number) => void;
  const worst: Worst = { ulp: 0, at: 0, wrong: 0 };
  const count = Math.ceil(4294967296 / stride);
  for (let start = 0; start < count; start += BLOCK) {
    const n = Math.min(BLOCK, count - start);
    for (let i = 0; i < n; i++) bits[i] = (start + i) * stride;
    kernel(START + 4 * BLOCK, START, n);
    for (let i = 0; i < n; i++) {
      const want = f(x[i]!);
      const got = y[i]!;
      const rounded = Math.fround(want);
      if (Number.isFinite(rounded)) {
        const error = Math.abs(got - want) / ulpOf(rounded);
        if (!(error <= worst.ulp)) {
          worst.ulp = error;
          worst.at = x[i]!;
        }
      } else if (!Object.is(got, rounded)) worst.wrong++;
    }
    if (start % (64 * BLOCK) === 0) process.stderr.write(`\r${name} ${Math.floor((100 * start) / count)} %  `);
  }
  process.stderr.write("\r");
  return worst;
}

console.log(`${Math.ceil(4294967296 / stride)} inputs\n`);
console.log("| function | largest error, ulp | at x | NaN or infinity missed |");
console.log("|---|---|---|---|");
for (const [name, f] of FUNCTIONS) {
  const { ulp, at, wrong } = sweep(name, f);
  console.log(`| ${name} | ${ulp.toFixed(3)} | ${at} | ${wrong} |`);
}
