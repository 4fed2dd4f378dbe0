import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Bytes of JavaScript heap that a training step of a classifier takes, the collector held off. */
function garbagePerStep(hiddenSize: number, numEmbeddings: number): number {
  const script = `
    const r = await import("recurra");
    const engine = await r.createEngine({ seed: 1 });
    const embed = new r.Embedding(engine, { numEmbeddings: ${numEmbeddings}, embeddingDim: 64 });
    const rnn = new r.LSTM(engine, { inputSize: 64, hiddenSize: ${hiddenSize} });
    const out = new r.Linear(engine, { inFeatures: ${hiddenSize}, outFeatures: 5 });
    const optimizer = new r.Adam([embed, rnn, out].flatMap((module) => module.parameters()));
    const x = r.tensor(engine, Int32Array.from({ length: 640 }, (_, i) => (i * 7919) % ${numEmbeddings}), [32, 20]);
    const y = r.tensor(engine, Int32Array.from({ length: 32 }, (_, i) => i % 5));
    const step = () => engine.step(() => {
      optimizer.zeroGrad();
      const { state } = rnn.forward(embed.forward(x));
      r.backward(r.crossEntropy(out.forward(r.reshape(state.h, [32, ${hiddenSize}])), y));
      r.clipGradNorm(rnn.parameters(), 1);
      optimizer.step();
    }, { training: true });
    for (let i = 0; i < 40; i++) step();
    gc();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 40; i++) step();
    console.log((process.memoryUsage().heapUsed - before) / 40);`;
  const args = ["--expose-gc", "--max-semi-space-size=64", "--input-type=module", "-e", script];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return Number(stdout);
}

test("a training step's garbage does not grow with the model", () => {
  const [small, large] = [garbagePerStep(32, 1000), garbagePerStep(192, 30000)];
  expect(small).toBeGreaterThan(0);
  // 36 times the recurrent weights, 30 times the embedding; some 12 KB a step in both.
  expect(large, `${small} bytes a step in the small model`).toBeLessThan(2 * small + 4096);
});
