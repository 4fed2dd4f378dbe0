/** Files of a folder against the verdicts of its index.json. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { isRecurraError } from "../../src/errors.js";
import { LATER, READERS, type Reader } from "./formats.js";

export interface Case {
  readonly file: string;
  readonly format: string;
  readonly verdict: "accept" | "reject" | "either";
  readonly why: string;
  readonly expect?: Readonly<Record<string, unknown>>;
}

export interface Failure {
  readonly file: string;
  readonly verdict: string;
  readonly got: string;
}

export interface Report {
  /** Files judged. */
  readonly files: number;
  readonly met: number;
  readonly failures: readonly Failure[];
  /** Files of formats that are not read yet, or were not asked for: neither met nor failures. */
  readonly left: number;
}

/** A file this small takes milliseconds and a few MB, whatever its header promises. */
const MOST_SECONDS = 10;
const MOST_BYTES = 2 ** 28;

/** A prototype that a file has reached, if any. */
function polluted(): string | undefined {
  for (const prototype of [Object.prototype, Array.prototype, Map.prototype]) {
    const key = Object.keys(prototype)[0];
    if (key !== undefined) return `${key} on a prototype`;
  }
  return undefined;
}

async function outcomeOf(read: Reader, { file, expect = {} }: Case, bytes: Uint8Array): Promise<string> {
  try {
    const found = await read(file, bytes);
    const wrong = Object.entries(expect).find(([key, wanted]) => !isDeepStrictEqual(found(key, wanted), wanted));
    if (wrong === undefined) return "accept";
    const [key, wanted] = wrong;
    return `${key} ${JSON.stringify(found(key, wanted))}, wants ${JSON.stringify(wanted)}`;
  } catch (error) {
    if (isRecurraError(error, "format") || isRecurraError(error, "config")) return "reject";
    return `threw ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`;
  }
}

/** @returns what a file's reader did: accept, reject, or else what is wrong with it */
export async function judge(folder: string, wanted: Case): Promise<string> {
  const read = READERS.get(wanted.format);
  if (read === undefined) return `no reader of format ${wanted.format}`;
  const bytes = new Uint8Array(readFileSync(path.join(folder, wanted.file)));
  const { arrayBuffers } = process.memoryUsage();
  const start = performance.now();
  const outcome = await outcomeOf(read, wanted, bytes);
  const seconds = (performance.now() - start) / 1000;
  const taken = process.memoryUsage().arrayBuffers - arrayBuffers;
  if (seconds > MOST_SECONDS) return `${outcome} after ${seconds.toFixed(1)} s, wants at most ${MOST_SECONDS}`;
  if (taken > MOST_BYTES) return `${outcome} with ${taken} bytes more, wants at most ${MOST_BYTES}`;
  return polluted() ?? outcome;
}

export const isMet = (verdict: Case["verdict"], outcome: string): boolean =>
  outcome === verdict || (verdict === "either" && (outcome === "accept" || outcome === "reject"));

export function casesOf(folder: string): readonly Case[] {
  const { cases } = JSON.parse(readFileSync(path.join(folder, "index.json"), "utf8")) as { cases: Case[] };
  if (!Array.isArray(cases) || cases.length === 0) throw new Error(`malformed: ${folder}/index.json has no cases, wants some`);
  return cases;
}

/** @param formats those to judge; by default all but the ones that are not read yet */
export async function judgeFolder(folder: string, formats?: readonly string[]): Promise<Report> {
  const cases = casesOf(folder);
  const asked = cases.filter(({ format }) => (formats === undefined ? !LATER.has(format) : formats.includes(format)));
  const failures: Failure[] = [];
  for (const wanted of asked) {
    const got = await judge(folder, wanted);
    if (!isMet(wanted.verdict, got)) failures.push({ file: wanted.file, verdict: wanted.verdict, got });
  }
  return { files: asked.length, met: asked.length - failures.length, failures, left: cases.length - asked.length };
}
