/**
 * Cold starts in fresh processes, interleaved with one that runs an empty script. C1: import to the first F5 result; C1-T1: import to the end
 * of T1's first training step. Each is the difference to the empty process; `…-inside` is what the process saw of it itself.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { recurrentModel } from "./peers/onnx.js";
import type { ReportRow } from "./report.js";
import { ROWS, type StepRow } from "./rows.js";
import { median } from "./statistics.js";

const ROUNDS = 21;
const IDS = ["C1", "C1-T1"] as const;
type ColdId = (typeof IDS)[number];
export const COLD_ROWS: readonly string[] = IDS.flatMap((id) => [id, `${id}-inside`]);

interface ColdScript {
  readonly id: ColdId;
  readonly system: string;
  readonly cwd: string;
  readonly code: string;
}

function scripts(root: string): ColdScript[] {
  const entry = (file: string) => JSON.stringify(pathToFileURL(path.join(root, file)).href);
  const peers = path.join(root, "bench/peers");
  const own = {
    C1: `
      const { createEngine, LSTM } = await import(${entry("dist/infer.js")});
      const engine = await createEngine();
      const h = new Float32Array(128);
      new LSTM(engine, { inputSize: 64, hiddenSize: 128 }).stepper().step(new Float32Array(64), h);
      if (h.some(Number.isNaN)) process.exit(1);`,
    "C1-T1": `
      const { Adam, backward, createEngine, crossEntropy, Embedding, Linear, LSTM, reshape, slice, tensor } = await import(${entry("dist/index.js")});
      const engine = await createEngine();
      const embed = new Embedding(engine, { numEmbeddings: 5000, embeddingDim: 64 });
      const lstm = new LSTM(engine, { inputSize: 64, hiddenSize: 128 });
      const out = new Linear(engine, { inFeatures: 128, outFeatures: 5 });
      const optimizer = new Adam([embed, lstm, out].flatMap((module) => module.parameters()));
      const x = tensor(engine, Int32Array.from({ length: 1600 }, (_, i) => (i * 7919) % 5000), [32, 50]);
      const y = tensor(engine, Int32Array.from({ length: 32 }, (_, i) => i % 5));
      const loss = engine.step(() => {
        const { state } = lstm.forward(embed.forward(x));
        const loss = crossEntropy(out.forward(reshape(slice(state.h, 0, 0, 1), [32, 128])), y);
        backward(loss);
        optimizer.step();
        return loss.item();
      }, { training: true });
      if (!(loss > 0)) process.exit(1);`,
  };
  return [
    ...IDS.map((id) => ({ id, system: "recurra", cwd: root, code: own[id] })),
    ...peerStarts(root).map(({ system, code }) => ({ id: "C1" as const, system, cwd: peers, code })),
  ];
}

/** The first result of an LSTM step of 64 → 128, as each library comes to one soonest. */
function peerStarts(root: string): { system: string; code: string }[] {
  const model = path.join(root, "build/bench/f5.onnx");
  mkdirSync(path.dirname(model), { recursive: true });
  writeFileSync(model, recurrentModel(ROWS.find(({ id }) => id === "F5") as StepRow, 1, 1, true));
  const onnx = (name: string, options: string) => `
    const ort = await import("${name}");
    ${options}
    const session = await ort.InferenceSession.create(new Uint8Array(process.getBuiltinModule("node:fs").readFileSync(${JSON.stringify(model)})));
    const zeros = (count) => new ort.Tensor("float32", new Float32Array(count), [1, 1, count]);
    await session.run({ x: zeros(64), h: zeros(128), c: zeros(128) });`;
  return [
    {
      system: "brain.js",
      code: `
        const { default: brain } = await import("brain.js");
        const net = new brain.recurrent.LSTMTimeStep({ inputSize: 64, hiddenLayers: [128], outputSize: 64 });
        net.initialize();
        net.run([new Float32Array(64)]);`,
    },
    {
      system: "tfjs-wasm",
      code: `
        const tf = await import("@tensorflow/tfjs-core");
        const wasm = await import("@tensorflow/tfjs-backend-wasm");
        wasm.setThreadsCount(1);
        await tf.setBackend("wasm");
        const [x, h] = [tf.zeros([1, 64]), tf.zeros([1, 128])];
        const [c, out] = tf.basicLSTMCell(tf.scalar(0), tf.zeros([192, 512]), tf.zeros([512]), x, h, h);
        await out.data();`,
    },
    { system: "onnxruntime-web", code: onnx("onnxruntime-web/wasm", "ort.env.wasm.numThreads = 1;") },
    { system: "onnxruntime-node", code: onnx("onnxruntime-node", "") },
  ];
}

function run(code: string, cwd: string): { outside: number; inside: number } {
  const timed = `const started = performance.now();${code}\nconsole.log(performance.now() - started);`;
  const start = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", timed], { cwd, encoding: "utf8" });
  const outside = performance.now() - start;
  if (status !== 0) throw new Error(`cold start: the process ended with ${status}: ${stderr}`);
  return { outside, inside: Number(stdout.trim().split("\n").at(-1)) };
}

export function coldStart(
  root: string,
  systems: readonly string[],
  wanted: (id: string) => boolean,
  say: (line: string) => void,
): ReportRow[] {
  if (!COLD_ROWS.some(wanted)) return [];
  const chosen = scripts(root).filter(({ id, system }) => systems.includes(system) && (wanted(id) || wanted(`${id}-inside`)));
  if (chosen.length === 0) return [];
  const outsides: number[][] = chosen.map(() => []);
  const insides: number[][] = chosen.map(() => []);
  const empties: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const empty = run("", root).outside;
    if (round > 0) empties.push(empty);
    chosen.forEach(({ code, cwd }, i) => {
      const { outside, inside } = run(code, cwd);
      // The first round fills the machine's caches of files.
      if (round === 0) return;
      outsides[i]!.push(outside);
      insides[i]!.push(inside);
    });
  }
  const rows = chosen.flatMap(({ id, system }, i) => {
    const row = { system, unit: "ms" as const, n: ROUNDS };
    const differences = outsides[i]!.map((outside, round) => outside - empties[round]!);
    return [
      // The least difference would be that of a slow empty process.
      { ...row, id, value: median(differences), min: Math.min(...outsides[i]!) - Math.min(...empties) },
      { ...row, id: `${id}-inside`, value: median(insides[i]!), min: Math.min(...insides[i]!) },
    ];
  });
  for (const { id, system, value } of rows) say(`${id} ${system}: ${value.toFixed(1)} ms`);
  return rows.filter(({ id }) => wanted(id));
}
