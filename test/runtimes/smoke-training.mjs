/** A small classifier trained, saved and loaded by the built package: what a page does with it. */
import { createEngine } from "../../dist/index.js";
import { createEngine as createInferenceEngine, SequenceClassifier } from "../../dist/infer.js";
import { trainSequenceClassifier } from "../../dist/tasks.js";

/** Words of alternating consonants and vowels against words of consonants alone, from integer arithmetic. */
function examples(count, seed) {
  let state = seed;
  const letter = (letters) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return letters[Math.floor((state / 4294967296) * letters.length)];
  };
  return Array.from({ length: count }, (_, i) => {
    const label = i % 2 === 0 ? "spoken" : "mute";
    const text = Array.from({ length: 4 + (i % 3) }, (_, t) => letter(label === "spoken" && t % 2 === 1 ? "aeiou" : "bdfgklmnprst")).join(
      "",
    );
    return { label, text };
  });
}

/**
 * @returns the loss after each epoch, the share of unseen words that the saved model gets right in an engine of the inference entry,
 * the backend, and how often the event loop came round while it trained
 */
export async function smokeTraining(backend = "auto") {
  const engine = await createEngine({ seed: 1, backend });
  const losses = [];
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const onProgress = ({ epoch, loss }) => {
    losses[epoch] = loss;
  };
  const data = { train: examples(96, 1), dev: examples(16, 2) };
  const { classifier } = await trainSequenceClassifier(engine, data, {
    encoder: "gru",
    hiddenSize: 16,
    embeddingDim: 8,
    epochs: 8,
    batchSize: 8,
    onProgress,
  });
  clearInterval(timer);
  const reader = await createInferenceEngine({ backend });
  const unseen = examples(32, 3);
  const predicted = SequenceClassifier.load(reader, classifier.save()).predict(unseen.map(({ text }) => text));
  const right = predicted.filter(({ label }, i) => label === unseen[i].label).length;
  return { losses, accuracy: right / unseen.length, backend: engine.info.backend, turns };
}
