/** Holds results against references by the tolerance rule of golden/README.md. */
import { type GoldenCase, mulberry32, type Numbers, type Ref } from "./load.js";

export interface Failure {
  readonly case: string;
  readonly tensor: string;
  readonly error: number | string;
  readonly tol: number | string;
}

export interface Outcome {
  readonly failure?: Failure;
  /** rms(got - ref) / rms32, where rms32 > 0. */
  readonly rmsRatio?: number;
}

/** One unit in the last place of a float32 of that size, 2^-149 at least. */
function ulp32(value: number): number {
  const magnitude = Math.abs(value);
  if (magnitude < 2 ** -126) return 2 ** -149;
  return 2 ** (Math.floor(Math.log2(magnitude)) - 23);
}

/** |got - ref| as the rule sees it: NaN meets NaN, an infinity the same one. */
function distance(got: number, ref: number): number {
  if (Number.isNaN(ref) || Number.isNaN(got)) return Number.isNaN(ref) && Number.isNaN(got) ? 0 : Number.POSITIVE_INFINITY;
  return got === ref ? 0 : Math.abs(got - ref);
}

function toleranceAt(ref: Ref, expected: number, index: number): number {
  if (ref.exact) return 0;
  if (ref.elementwise !== undefined) return Number.isFinite(expected) ? ref.elementwise.ulp * ulp32(expected) + ref.elementwise.abs : 0;
  return ref.tol_per_step?.[index] ?? ref.tol ?? 0;
}

function sketchOf(got: Numbers, { stride, count }: NonNullable<Ref["sketch"]>): Float64Array {
  return Float64Array.from({ length: count }, (_, k) => got[(k * stride) % got.length]!);
}

function projection(got: Numbers, seed: number): number {
  const next = mulberry32(seed);
  let sum = 0;
  for (let i = 0; i < got.length; i++) sum += next() < 0.5 ? -got[i]! : got[i]!;
  return sum;
}

export function compareTensor(item: GoldenCase, name: string, ref: Ref, got: Numbers | undefined): Outcome {
  const fail = (error: number | string, tol: number | string): Outcome => ({
    failure: { case: item.manifest.id, tensor: name, error, tol },
  });
  if (got === undefined) return fail("not computed", ref.tol ?? "a result");
  const size = ref.shape.reduce((a, b) => a * b, 1);
  if (got.length !== size) return fail(`${got.length} elements`, `${size} elements`);
  const sketch = ref.sketch;
  const expected = (sketch === undefined ? item.get("ref", name) : item.get("sample", name)).data;
  const actual = sketch === undefined ? got : sketchOf(got, sketch);
  let squares = 0;
  let worst: { error: number; tol: number } | undefined;
  for (let i = 0; i < expected.length; i++) {
    const error = distance(actual[i]!, expected[i]!);
    const tol = toleranceAt(ref, expected[i]!, i);
    if (Number.isFinite(error)) squares += error * error;
    if (!(error <= tol) && !(worst !== undefined && worst.error / worst.tol >= error / tol)) worst = { error, tol };
  }
  if (sketch !== undefined) {
    const wanted = item.get("proj", name).data;
    sketch.proj_seeds.forEach((seed, j) => {
      const error = distance(projection(got, seed), wanted[j]!);
      if (!(error <= sketch.proj_tol)) worst ??= { error, tol: sketch.proj_tol };
    });
  }
  const rmsRatio = ref.rms32 > 0 && expected.length > 0 ? Math.sqrt(squares / expected.length) / ref.rms32 : undefined;
  return { ...(worst === undefined ? {} : fail(worst.error, worst.tol)), ...(rmsRatio === undefined ? {} : { rmsRatio }) };
}

export interface FamilyReport {
  cases: number;
  tensors: number;
  within: number;
  /** Geometric mean of rms(got - ref) / rms32. */
  rmsRatio: number;
  failures: Failure[];
}

/** An exact hit counts as a hundredth, so that it neither hides nor rules the mean. */
const LEAST_RATIO = 0.01;

export class FamilyTally {
  #cases = 0;
  #tensors = 0;
  #within = 0;
  #logs = 0;
  #ratios = 0;
  readonly #failures: Failure[] = [];

  startCase(): void {
    this.#cases++;
  }

  add({ failure, rmsRatio }: Outcome): void {
    this.#tensors++;
    if (failure === undefined) this.#within++;
    else this.#failures.push(failure);
    if (rmsRatio !== undefined) {
      this.#logs += Math.log(Math.max(rmsRatio, LEAST_RATIO));
      this.#ratios++;
    }
  }

  report(): FamilyReport {
    const rmsRatio = this.#ratios === 0 ? 0 : Math.exp(this.#logs / this.#ratios);
    return { cases: this.#cases, tensors: this.#tensors, within: this.#within, rmsRatio, failures: this.#failures };
  }
}
