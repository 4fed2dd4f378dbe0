/**
 * How fast a saved tagger loads and tags, on one thread: `npm run bench:tagging -- MODEL FILE [COLUMNS]`. FILE holds sentences as `train tag` reads
 * them, COLUMNS says where ("tokens=2,tags=3"). Loads are of this process: the first with nothing warm, and the median of twenty. JSON out.
 */
import { readFile } from "node:fs/promises";
import { createEngine } from "recurra";
import { parseColumns, readTaggedTokens, sourceOf, TokenClassifier } from "recurra/tasks";

const ROUNDS = 20;

const [model, file, columns] = process.argv.slice(2);
if (model === undefined || file === undefined) {
  console.error("usage: npm run bench:tagging -- MODEL FILE [COLUMNS]");
  process.exit(2);
}

const timed = <T>(body: () => T): { value: T; ms: number } => {
  const start = performance.now();
  const value = body();
  return { value, ms: performance.now() - start };
};
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

const engine = await createEngine();
const bytes = await readFile(model);
const first = timed(() => TokenClassifier.load(engine, bytes));
const loads = Array.from({ length: ROUNDS }, () => {
  const { value, ms } = timed(() => TokenClassifier.load(engine, bytes));
  value.dispose();
  return ms;
});
const tagger = first.value;
const source = sourceOf(file, await readFile(file));
const examples = await readTaggedTokens(source, columns === undefined ? {} : { columns: parseColumns(columns) });
const sentences = examples.map(({ tokens }) => tokens);
/** Sentences a second, median of rounds. */
const rate = (body: () => void) => sentences.length / (median(Array.from({ length: ROUNDS }, () => timed(body).ms)) / 1000);

const whole = rate(() => void tagger.tag(sentences));
const alone = rate(() => {
  for (const sentence of sentences) tagger.tag([sentence]);
});
console.log(
  JSON.stringify({
    bytes: bytes.length,
    firstLoadMs: first.ms,
    loadMs: median(loads),
    sentences: sentences.length,
    sentencesPerSecond: Math.round(whole),
    aloneSentencesPerSecond: Math.round(alone),
    build: engine.info.build,
  }),
);
