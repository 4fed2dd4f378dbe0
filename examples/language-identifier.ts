/**
 * npm start: trains a language identifier on the Universal Declaration of Human Rights, character by character, tests it on clauses it
 * has not seen, and saves it to a file that `npx recurra predict` uses.
 */
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { ProgressLine } from "../src/cli/progress.js";
import { createEngine } from "../src/index.js";
import { writeBytes } from "../src/platform/node.js";
import { trainSequenceClassifier } from "../src/tasks/index.js";
import { accuracy, classReport, confusionMatrix, mostConfused } from "../src/train/metrics.js";
import { loadUdhr } from "./udhr-data.js";

const SENTENCES = [
  "Mañana iremos a la playa con los niños si hace buen tiempo.",
  "The children of this village have the right to a good school.",
  "Demà anirem a la platja amb els nens si fa bon temps.",
  "Amanhã vamos à praia com as crianças se fizer bom tempo.",
  "Je voudrais une tasse de thé et deux tranches de pain.",
  "Wo ist der nächste Bahnhof, und wann fährt der Zug?",
  "Gdzie jest najbliższy dworzec kolejowy?",
  "Где находится ближайшая станция метро?",
  "Πού είναι ο πλησιέστερος σταθμός;",
  "איפה התחנה הקרובה ביותר?",
  "最寄りの駅はどこですか。",
  "가장 가까운 역이 어디입니까?",
];

const data = loadUdhr();
const name = (code: string): string => data.languages.find((language) => language.code === code)?.name ?? code;
console.log(
  `${data.languages.length} languages, ${data.train.length} clauses to train on, ${data.dev.length} to choose by, ${data.test.length} to test on.`,
);

const engine = await createEngine({ seed: 1 });
const progress = new ProgressLine(process.stderr);
const { classifier, result } = await trainSequenceClassifier(engine, data, {
  tokenizer: { type: "characters", lowercase: true },
  maxSeconds: 50,
  patience: 10,
  onProgress: (state) => progress.update(state),
});
progress.end();

const labels = classifier.labels;
const truth = data.test.map(({ label }) => labels.indexOf(label));
const guess = classifier.predict(data.test.map(({ text }) => text)).map(({ label }) => labels.indexOf(label));
const matrix = confusionMatrix(truth, guess, labels.length);
console.log(
  `Trained ${result.epochs} epochs in ${result.seconds.toFixed(1)} s (${result.stopped}); dev accuracy ${((result.metric ?? 0) * 100).toFixed(2)} %.`,
);
console.log(`Test accuracy ${(accuracy(truth, guess) * 100).toFixed(2)} %, macro F1 ${(classReport(matrix).macroF1 * 100).toFixed(2)} %.`);
console.log("Most often confused:");
for (const { truth: from, predicted, count } of mostConfused(matrix, labels, 5))
  console.log(`  ${name(from)} taken for ${name(predicted)}: ${count}`);

console.log("\nSentences it has never seen:");
for (const [i, { label, probability }] of classifier.predict(SENTENCES).entries()) {
  console.log(`  ${name(label).padEnd(12)} ${(probability * 100).toFixed(1).padStart(5)} %  ${SENTENCES[i]}`);
}

const file = path.join("models", "language.safetensors");
await mkdir("models", { recursive: true });
const bytes = classifier.save();
await writeBytes(file, bytes);
console.log(`\nSaved to ${file} (${(bytes.length / 1024).toFixed(0)} KiB). Try a sentence of your own:`);
console.log(`  echo "Todos los niños quieren ir a la escuela de su pueblo" | npx recurra predict ${file}`);
