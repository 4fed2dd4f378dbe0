/** What an encoder-decoder has to beat. */
import type { TextPair } from "../../text/examples.js";
import { writeText } from "../../text/text-writer.js";
import { createTokenizer, type TokenizerOptions } from "../../text/tokenizer.js";
import { bleu } from "../../train/bleu.js";
import { sequenceScore } from "../../train/edit-distance.js";
import { spread } from "../draws.js";
import { guessUnits } from "../guess-units.js";
import type { BaselineMetrics } from "./classification.js";

/** Pairs that the table is learned from at most, and how often they are aligned anew. */
const PAIRS = 20_000;
const ROUNDS = 5;
/** Target symbols that one source symbol can stand for. */
const MOST = 2;
/** Added to every count. */
const SMOOTHING = 0.1;

type Symbols = readonly string[];

/** What one source symbol became, and how often. */
class Table {
  readonly #counts = new Map<string, Map<string, number>>();
  readonly #totals = new Map<string, number>();

  add(symbol: string, chunk: string, count: number): void {
    const own = this.#counts.get(symbol) ?? new Map<string, number>();
    this.#counts.set(symbol, own.set(chunk, (own.get(chunk) ?? 0) + count));
    this.#totals.set(symbol, (this.#totals.get(symbol) ?? 0) + count);
  }

  /** Of chunks, log-probabilities up to a constant. */
  scores(symbol: string): (chunk: string) => number {
    const total = Math.log((this.#totals.get(symbol) ?? 0) + 100 * SMOOTHING);
    const own = this.#counts.get(symbol);
    return (chunk) => Math.log((own?.get(chunk) ?? 0) + SMOOTHING) - total;
  }

  /** The most frequent chunk; of a symbol never seen the symbol itself. */
  best(symbol: string): string {
    const chunks = [...(this.#counts.get(symbol) ?? [])];
    return chunks.length === 0 ? symbol : chunks.reduce((top, next) => (next[1] > top[1] ? next : top))[0];
  }
}

const chunkOf = (target: Symbols, from: number, to: number): string => target.slice(from, to).join("\0");

/** Every source symbol stands for what lies at the same share of the target, and around it. */
function startTable(pairs: readonly (readonly [Symbols, Symbols])[]): Table {
  const table = new Table();
  for (const [source, target] of pairs) {
    source.forEach((symbol, i) => {
      const at = Math.floor(((i + 0.5) * target.length) / source.length);
      for (let j = Math.max(0, at - 1); j <= at + 1 && j < target.length; j++) table.add(symbol, target[j]!, 1);
    });
  }
  return table;
}

/** The ends of the chunks of the best alignment in order, each symbol with up to MOST target symbols; undefined where there is none. */
function align(source: Symbols, target: Symbols, table: Table): number[] | undefined {
  const width = target.length + 1;
  const chunks = Array.from({ length: width }, (_, j) =>
    Array.from({ length: Math.min(MOST, j) + 1 }, (__, k) => chunkOf(target, j - k, j)),
  );
  const best = new Float64Array((source.length + 1) * width).fill(Number.NEGATIVE_INFINITY);
  const taken = new Int8Array(best.length);
  best[0] = 0;
  for (let i = 1; i <= source.length; i++) {
    const scores = table.scores(source[i - 1]!);
    for (let j = 0; j < width; j++) {
      for (let k = 0; k <= MOST && k <= j; k++) {
        const before = best[(i - 1) * width + j - k]!;
        if (before === Number.NEGATIVE_INFINITY) continue;
        const score = before + scores(chunks[j]![k]!);
        if (score > best[i * width + j]!) {
          best[i * width + j] = score;
          taken[i * width + j] = k;
        }
      }
    }
  }
  if (best.at(-1) === Number.NEGATIVE_INFINITY) return undefined;
  const ends: number[] = [];
  for (let i = source.length, j = target.length; i > 0; i--) {
    ends.unshift(j);
    j -= taken[i * width + j]!;
  }
  return ends;
}

/** Symbol by symbol, each by what it most often stands for; alignment and table are learned by turns, as Viterbi training does. */
function learnTable(pairs: readonly (readonly [Symbols, Symbols])[]): Table {
  let table = startTable(pairs);
  for (let round = 0; round < ROUNDS; round++) {
    const next = new Table();
    for (const [source, target] of pairs) {
      let from = 0;
      align(source, target, table)?.forEach((to, i) => {
        next.add(source[i]!, chunkOf(target, from, to), 1);
        from = to;
      });
    }
    table = next;
  }
  return table;
}

/** @returns exactMatch, tokenErrorRate, and bleu of words: of the source as it is (copy), and of it symbol by symbol (symbols) */
export function sequenceBaselines(train: readonly TextPair[], test: readonly TextPair[]): Record<string, BaselineMetrics> {
  const pairs = spread(train, PAIRS).flatMap(({ source, targets }) => targets.map((target) => [source, target] as const));
  // Of sentences words: a table of subwords would know less.
  const whole = (unit: TokenizerOptions["type"]) => (unit === "subwords" ? "words" : unit);
  const targetUnit = whole(guessUnits(pairs.map(([, target]) => target)));
  const sourceUnit = whole(
    guessUnits(
      pairs.map(([source]) => source),
      targetUnit,
    ),
  );
  const [reader, writer] = [createTokenizer({ type: sourceUnit }), createTokenizer({ type: targetUnit })];
  const table = learnTable(pairs.map(([source, target]) => [reader.encode(source), writer.encode(target)] as const));
  const targets = test.map((pair) => pair.targets);
  const measure = (outputs: readonly string[]): BaselineMetrics => {
    const score = sequenceScore(
      outputs.map((text) => writer.encode(text)),
      targets.map((texts) => texts.map((text) => writer.encode(text))),
    );
    return { ...score, ...(targetUnit === "words" ? { bleu: bleu(outputs, targets).score } : {}) };
  };
  const symbols = test.map(({ source }) =>
    writeText(
      targetUnit,
      reader.encode(source).flatMap((symbol) =>
        table
          .best(symbol)
          .split("\0")
          .filter((part) => part !== ""),
      ),
    ),
  );
  return { copy: measure(test.map(({ source }) => source)), symbols: measure(symbols) };
}
