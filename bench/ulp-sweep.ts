/** One stretch of float32's bit patterns through a kernel: its error against float64, and the properties of its function. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { instantiateSync } from "@assemblyscript/loader";
import { ACTIVATIONS } from "../test/reference/activation.js";

/** Bit patterns of one sign, from low to below high, where the correctly rounded result is known: a constant, or x itself. */
interface Known {
  readonly low: number;
  readonly high: number;
  readonly result: number | "x";
}

export interface Target {
  readonly name: string;
  readonly f: (x: number) => number;
  /** Its export, and the arguments after the count. */
  readonly kernel: string;
  readonly scalars: readonly number[];
  /** Every stride-th pattern: a sample where it is not 1. */
  readonly stride: number;
  readonly monotone: boolean;
  readonly odd: boolean;
  /** Bounds of its results. */
  readonly range: readonly [number, number];
  readonly known: readonly Known[];
}

/** What was found: largest error, and counts of what should not be. */
export interface Found {
  inputs: number;
  ulp: number;
  at: number;
  /** Results that are not the infinity, zero or NaN they should be. */
  missed: number;
  falls: number;
  uneven: number;
  outside: number;
}

const NEGATIVE = 0x80000000;
const INFINITY = 0x7f800000;
const bitsOf = (x: number): number => new Uint32Array(Float32Array.of(x).buffer)[0]!;
const above = (x: number, result: Known["result"]): Known => ({ low: bitsOf(x), high: INFINITY + 1, result });
const below = (x: number, result: Known["result"]): Known => ({ low: bitsOf(x), high: NEGATIVE + INFINITY + 1, result });
/** |x| < limit, both signs. */
const near = (limit: number, result: Known["result"]): Known[] => [
  { low: 0, high: bitsOf(limit), result },
  { low: NEGATIVE, high: NEGATIVE + bitsOf(limit), result },
];

const sigmoid = (x: number) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
const full = { scalars: [], stride: 1, monotone: true, odd: false };

/** 16 million patterns. */
const SAMPLE = 257;
const sampled = ["elu", "gelu", "softplus", "logSigmoid", "silu"].map((name): Target => {
  const kind = ACTIVATIONS.findIndex((activation) => activation.name === name);
  const { f, a, b } = ACTIVATIONS[kind]!;
  const range = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const;
  return { name, f, kernel: "f32_activation", scalars: [kind, a, b], stride: SAMPLE, monotone: false, odd: false, range, known: [] };
});

/**
 * Where a result is known: e^x leaves float32 above 88.73 and below -103.98, and is nearer to 1 than to its neighbours below 2^-25;
 * tanh x differs from x by a share of x²/3, and from ±1 by 2e^(-2|x|); the logistic function from 1/2 by x/4, from 1 by e^-x.
 */
export const TARGETS: readonly Target[] = [
  {
    ...full,
    name: "exp",
    f: Math.exp,
    kernel: "f32_exp",
    range: [0, Number.POSITIVE_INFINITY],
    known: [above(89, Number.POSITIVE_INFINITY), below(-104, 0), ...near(2 ** -26, 1)],
  },
  {
    ...full,
    name: "log",
    f: Math.log,
    kernel: "f32_log",
    range: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
    known: [{ low: NEGATIVE + 1, high: NEGATIVE + INFINITY + 1, result: Number.NaN }],
  },
  { ...full, name: "tanh", f: Math.tanh, kernel: "f32_tanh", odd: true, range: [-1, 1], known: [...near(2 ** -13, "x"), above(9.5, 1)] },
  {
    ...full,
    name: "sigmoid",
    f: sigmoid,
    kernel: "f32_sigmoid",
    range: [0, 1],
    known: [above(18, 1), below(-104, 0), ...near(2 ** -25, 0.5)],
  },
  ...sampled,
];

/** Elements that go through the kernel at once. */
const BLOCK = 1 << 18;
const START = 65536;

export class Sweeper {
  readonly #exports: Record<string, unknown> = {};
  readonly #bits: Uint32Array;
  readonly #x: Float32Array;
  readonly #y: Float32Array;
  readonly #yBits: Uint32Array;
  readonly #mirrored: Uint32Array;

  /** @param build baseline or relaxed */
  constructor(build: string) {
    const memory = new WebAssembly.Memory({ initial: 64, maximum: 65536, shared: true });
    for (const module of ["core", "train"]) {
      const file = path.join(process.env.RECURRA_ROOT ?? process.cwd(), `build/wasm/${module}-${build}.wasm`);
      Object.assign(this.#exports, instantiateSync(readFileSync(file), { env: { memory } }).exports);
    }
    this.#bits = new Uint32Array(memory.buffer, START, BLOCK);
    this.#x = new Float32Array(memory.buffer, START, BLOCK);
    this.#y = new Float32Array(memory.buffer, START + 4 * BLOCK, BLOCK);
    this.#yBits = new Uint32Array(memory.buffer, START + 4 * BLOCK, BLOCK);
    this.#mirrored = new Uint32Array(memory.buffer, START + 8 * BLOCK, BLOCK);
  }

  /**
   * Every stride-th pattern from low to below high, all of one sign; of an odd function the positive ones, each with its mirror image.
   * Whether results rise is also checked against the pattern before low, where there is one of that sign.
   */
  sweep(target: Target, low: number, high: number): Found {
    const found: Found = { inputs: 0, ulp: 0, at: 0, missed: 0, falls: 0, uneven: 0, outside: 0 };
    const { stride } = target;
    let last = Number.NaN;
    if (low !== 0 && low !== NEGATIVE) {
      this.#bits[0] = low - stride;
      this.#run(target, 1);
      last = this.#y[0]!;
    }
    for (let start = low; start < high; start += BLOCK * stride) {
      const n = Math.min(BLOCK, Math.ceil((high - start) / stride));
      for (let i = 0; i < n; i++) this.#bits[i] = start + i * stride;
      this.#run(target, n);
      found.inputs += n;
      this.#measure(target, start, n, found);
      last = this.#properties(target, start >= NEGATIVE, n, last, found);
      if (target.odd) this.#mirror(target, n, found);
    }
    return found;
  }

  #run({ kernel, scalars }: Target, n: number, to = START + 4 * BLOCK): void {
    (this.#exports[kernel] as (...given: number[]) => void)(to, START, n, ...scalars);
  }

  /** Errors: by comparison where the result is known, by the float64 function elsewhere and where the comparison fails. */
  #measure(target: Target, start: number, n: number, found: Found): void {
    const end = start + n * target.stride;
    const known = target.known.find(({ low, high }) => low < end && high > start);
    if (known === undefined) {
      this.#compare(target, 0, n, found);
      return;
    }
    const place = (bits: number) => Math.min(n, Math.max(0, Math.ceil((bits - start) / target.stride)));
    const [from, to] = [place(known.low), place(known.high)];
    this.#compare(target, 0, from, found);
    const { result } = known;
    const constant = result === "x" ? 0 : bitsOf(result);
    for (let i = from; i < to; i++) {
      const wanted = result === "x" ? this.#bits[i]! : constant;
      const equal = this.#yBits[i]! === wanted || (Number.isNaN(result) && Number.isNaN(this.#y[i]!));
      if (!equal) this.#compare(target, i, i + 1, found);
    }
    this.#compare(target, to, n, found);
  }

  #compare({ f }: Target, from: number, to: number, found: Found): void {
    const [x, y] = [this.#x, this.#y];
    for (let i = from; i < to; i++) {
      const want = f(x[i]!);
      const rounded = Math.fround(want);
      const got = y[i]!;
      if (Number.isFinite(rounded)) {
        const error = Math.abs(got - want) / ulpOf(rounded);
        if (!(error <= found.ulp)) {
          found.ulp = error;
          found.at = x[i]!;
        }
      } else if (!Object.is(got, rounded)) found.missed++;
    }
  }

  /** Results rise with x (patterns of negative numbers go down), stay within the range, and are NaN for NaN. @returns the last */
  #properties({ monotone, range }: Target, negative: boolean, n: number, before: number, found: Found): number {
    const [x, y] = [this.#x, this.#y];
    const [least, most] = range;
    let last = before;
    for (let i = 0; i < n; i++) {
      const value = y[i]!;
      if (value < least || value > most) found.outside++;
      if (monotone && (negative ? value > last : value < last)) found.falls++;
      if (Number.isNaN(x[i]!) && !Number.isNaN(value)) found.missed++;
      last = value;
    }
    return last;
  }

  /** f(-x) has the bits of f(x) but for the sign. */
  #mirror(target: Target, n: number, found: Found): void {
    const [bits, straight, turned] = [this.#bits, this.#yBits, this.#mirrored];
    for (let i = 0; i < n; i++) bits[i] = bits[i]! ^ NEGATIVE;
    this.#run(target, n, START + 8 * BLOCK);
    found.inputs += n;
    for (let i = 0; i < n; i++) {
      const wanted = (straight[i]! ^ NEGATIVE) >>> 0;
      if (turned[i]! !== wanted && !(Number.isNaN(this.#y[i]!) && (turned[i]! & ~NEGATIVE) > INFINITY)) found.uneven++;
    }
  }
}

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
