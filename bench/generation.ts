/**
 * How fast saved models write, on one thread: `npm run bench:generation -- LM` gives characters a second of `generate`, sampling included,
 * `npm run bench:generation -- SEQ2SEQ FILE` sources a second of a beam of 5 over the sources of a file of pairs (at most 1,000 of them).
 * Medians of rounds; JSON out.
 */
import { readFile } from "node:fs/promises";
import { createEngine } from "recurra";
import { LanguageModel, readPairs, Seq2Seq, sourceOf } from "recurra/tasks";

const ROUNDS = 7;
const CHARACTERS = 20_000;
const SOURCES = 1000;

const [model, file] = process.argv.slice(2);
if (model === undefined) {
  console.error("usage: npm run bench:generation -- MODEL [FILE of pairs]");
  process.exit(2);
}

/** Of so many things a second, the median of rounds behind one that warms up. */
async function rate(count: number, body: () => Promise<void> | void): Promise<number> {
  const seconds: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const start = performance.now();
    await body();
    if (round > 0) seconds.push((performance.now() - start) / 1000);
  }
  return Math.round(count / seconds.sort((a, b) => a - b)[ROUNDS >> 1]!);
}

const engine = await createEngine();
const bytes = await readFile(model);
const { build } = engine.info;
if (file === undefined) {
  const lm = LanguageModel.load(engine, bytes);
  const charactersPerSecond = await rate(CHARACTERS, async () => {
    for await (const _ of lm.generate({ maxTokens: CHARACTERS, temperature: 0.8 }));
  });
  console.log(JSON.stringify({ config: lm.config, charactersPerSecond, build }));
} else {
  const seq2seq = Seq2Seq.load(engine, bytes);
  const sources = (await readPairs(sourceOf(file, await readFile(file)))).slice(0, SOURCES).map(({ source }) => source);
  const sourcesPerSecond = await rate(sources.length, () => void seq2seq.predict(sources));
  console.log(JSON.stringify({ config: seq2seq.config, sources: sources.length, sourcesPerSecond, build }));
}
