/**
 * From spelling to sound: an encoder-decoder learns the 135,155 entries of the CMU Pronouncing Dictionary, without stress, and reads
 * words that it has not seen. node scripts/run.mjs examples/spelling-to-sound.ts [--limit 1000] [--epochs n]
 */
import { learnPairs } from "./learn-pairs.js";
import { pronunciations, split } from "./package-texts.js";

const pairs = await pronunciations();
await learnPairs(split(pairs.map((pair) => [pair.source, pair])), ["recurra", "backpropagation", "webassembly"]);
