/**
 * Trains a small classifier for 1,000 updates in reproducible mode, and prints the CRC-32 of its weights.
 * Arguments: a folder for checkpoints, from which it goes on; without one it trains in one go.
 */
import { Stream } from "../../../src/engine/random.js";
import { createEngine } from "../../../src/index.js";
import { readSafetensors } from "../../../src/io/safetensors.js";
import { folderStore } from "../../../src/platform/node.js";
import { type LabelledText, trainSequenceClassifier } from "../../../src/tasks/index.js";

function strings(count: number, key: number): LabelledText[] {
  const stream = new Stream([key, 0]);
  return Array.from({ length: count }, () => {
    const text = Array.from({ length: 1 + stream.nextInt(9) }, () => "abcd"[stream.nextInt(4)]!).join("");
    return { text, label: text.at(-1)! };
  });
}

const [folder] = process.argv.slice(2);
const engine = await createEngine({ seed: 5, numerics: "reproducible" });
const { classifier, result } = await trainSequenceClassifier(
  engine,
  { train: strings(400, 1), dev: strings(60, 2) },
  {
    encoder: "lstm",
    embeddingDim: 12,
    hiddenSize: 24,
    dropout: 0.2,
    batchSize: 8,
    // 50 batches an epoch, two to an update.
    accumulate: 2,
    epochs: 40,
    patience: Number.POSITIVE_INFINITY,
    average: { decay: 0.98 },
    evaluateEvery: 60,
    // So often that many a kill meets a file that is being written.
    ...(folder === undefined ? {} : { checkpoint: { store: folderStore(folder), everySteps: 3, resume: true } }),
  },
);
console.log(`${result.steps} ${result.metric} ${readSafetensors(classifier.save()).metadata.get("recurra.crc32")}`);
