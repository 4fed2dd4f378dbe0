/** Reads golden families: a manifest and its tensors, some of which are generated from a seed. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { toTypedArray } from "../../src/io/element-types.js";
import { readSafetensors } from "../../src/io/safetensors.js";

export type Numbers = Float32Array | Float64Array | Int32Array;

export interface Values {
  readonly shape: readonly number[];
  readonly data: Numbers;
}

export interface Sketch {
  readonly stride: number;
  readonly count: number;
  readonly proj_seeds: readonly number[];
  readonly proj_tol: number;
}

export interface Ref {
  readonly shape: readonly number[];
  readonly rms32: number;
  readonly tol?: number;
  readonly exact?: boolean;
  readonly elementwise?: { readonly ulp: number; readonly abs: number };
  readonly tol_per_step?: readonly number[];
  readonly sketch?: Sketch;
}

interface Generated {
  readonly name: string;
  readonly seed: number;
  readonly shape: readonly number[];
  readonly scale: number;
}

export interface ManifestCase {
  readonly id: string;
  readonly op: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly inputs: readonly string[] | Readonly<Record<string, { dtype?: string; shape?: number[]; data?: unknown[] }>>;
  readonly params?: readonly string[];
  readonly refs?: Readonly<Record<string, Ref>>;
  readonly gen?: readonly Generated[];
  readonly expect?: string;
  readonly mentions?: readonly string[];
  readonly scheduler?: string;
  readonly lr?: readonly number[];
}

export class GoldenCase {
  constructor(
    readonly manifest: ManifestCase,
    private readonly tensors: ReadonlyMap<string, Values>,
  ) {}

  get config(): Readonly<Record<string, unknown>> {
    return this.manifest.config;
  }

  find(kind: "in" | "param" | "ref" | "sample" | "proj", name: string): Values | undefined {
    const made = this.manifest.gen?.find((g) => g.name === `${kind}/${name}`);
    return made === undefined ? this.tensors.get(`${this.manifest.id}/${kind}/${name}`) : generate(made);
  }

  get(kind: "in" | "param" | "ref" | "sample" | "proj", name: string): Values {
    const values = this.find(kind, name);
    if (values === undefined) throw new Error(`${this.manifest.id}: no tensor ${kind}/${name}`);
    return values;
  }

  get params(): Map<string, Values> {
    return new Map((this.manifest.params ?? []).map((name) => [name, this.get("param", name)]));
  }
}

/** The generator of golden/README.md. */
export function mulberry32(seed: number): () => number {
  let a = seed;
  return () => {
    a |= 0;
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function generate({ seed, shape, scale }: Generated): Values {
  const next = mulberry32(seed);
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  for (let i = 0; i < data.length; i++) data[i] = (2 * next() - 1) * scale;
  return { shape, data };
}

export function loadFamily(folder: string, family: string): GoldenCase[] {
  const manifest = JSON.parse(readFileSync(path.join(folder, `${family}.json`), "utf8")) as { file?: string; cases: ManifestCase[] };
  const tensors = new Map<string, Values>();
  if (manifest.file !== undefined) {
    const file = readSafetensors(readFileSync(path.join(folder, manifest.file)));
    for (const [name, entry] of file.tensors) tensors.set(name, { shape: entry.shape, data: toTypedArray(entry) as Numbers });
  }
  return manifest.cases.map((item) => new GoldenCase(item, tensors));
}
