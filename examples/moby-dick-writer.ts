/**
 * A character model of Moby Dick that writes as it trains: node scripts/run.mjs examples/moby-dick-writer.ts [--seconds 120]. npm start ends
 * with ten seconds of it. The best weights so far come as a checkpoint, and what stands there writes.
 */
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { ProgressLine } from "../src/cli/progress.js";
import { createEngine } from "../src/index.js";
import { writeBytes } from "../src/platform/node.js";
import { textBaselines } from "../src/tasks/baselines/index.js";
import { LanguageModel, trainLanguageModel } from "../src/tasks/index.js";
import { novel } from "./package-texts.js";

const PROMPT = "The whale ";
/** Of an order: smaller networks have read more of the novel in a few seconds. */
const SMALL = { hiddenSize: 128, embeddingDim: 32, evaluateEvery: 50 };

const { values } = parseArgs({ options: { seconds: { type: "string", default: "120" } } });
const maxSeconds = Number(values.seconds);
const text = novel();
const [end, dev] = [Math.floor(text.length * 0.9), Math.floor(text.length * 0.92)];
// A short dev text: it is read at every evaluation.
const data = { train: text.slice(0, end), dev: text.slice(end, dev) };
const test = text.slice(dev);
console.log(`Moby Dick: ${data.train.length} characters to learn from, ${test.length} to test on.`);

const engine = await createEngine({ seed: 1 });
const reader = await createEngine({ seed: 1 });
const progress = new ProgressLine(process.stderr);

/** What a model goes on with, up to the end of a line. */
async function written(bytes: Uint8Array): Promise<string> {
  const model = LanguageModel.load(reader, bytes);
  const pieces: string[] = [];
  for await (const piece of model.generate({ prompt: PROMPT, temperature: 0.7, maxTokens: 90, stop: ["\n"] })) pieces.push(piece);
  model.dispose();
  return PROMPT + pieces.join("");
}

const store = {
  read: async () => undefined,
  write: async (name: string, bytes: Uint8Array) => {
    if (name !== "best.safetensors") return;
    progress.end();
    console.log(`  ${await written(bytes)}`);
  },
};

const { model, result } = await trainLanguageModel(engine, data, {
  ...(maxSeconds < 60 ? SMALL : {}),
  maxSeconds,
  patience: 1000,
  checkpoint: { store },
  onProgress: (state) => progress.update(state, "tokens"),
});
progress.end();
const nats = (value: number) => `${value.toFixed(3)} nats a character`;
console.log(`Trained ${result.steps} updates in ${result.seconds.toFixed(1)} s; test: ${nats(model.score(test, { streams: 16 }).nats)}.`);
for (const [name, metrics] of Object.entries(textBaselines([data.train], [test]))) console.log(`  ${name}: ${nats(metrics.nats!)}`);

const file = path.join("models", "moby-dick.safetensors");
await mkdir("models", { recursive: true });
await writeBytes(file, model.save());
console.log(`Saved to ${file}. Let it go on:\n  npx recurra generate ${file} --prompt "Call me "`);
