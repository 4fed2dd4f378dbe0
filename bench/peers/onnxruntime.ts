/** onnxruntime-web or onnxruntime-node (`onnxruntime.ts web|node`): products and forward passes on models made by onnx.ts. */
import { arraysOf, sample } from "../data.js";
import { Cannot, type Prepared, type System } from "../protocol.js";
import type { ForwardRow, ProductRow, Row, StepRow } from "../rows.js";
import { serve } from "../systems/serve.js";
import { productModel, recurrentModel } from "./onnx.js";
import { importPeer, versionOf } from "./peer.js";

interface OrtTensor {
  readonly data: Float32Array;
}
interface Session {
  run(feeds: Readonly<Record<string, OrtTensor>>): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}
interface Ort {
  readonly env: { readonly wasm: { numThreads?: number } };
  readonly Tensor: new (type: "float32", data: Float32Array, shape: readonly number[]) => OrtTensor;
  readonly InferenceSession: { create(model: Uint8Array, options: object): Promise<Session> };
}

const [, , flavour = "web"] = process.argv;
const OPTIONS = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: "sequential",
  executionProviders: [flavour === "web" ? "wasm" : "cpu"],
};

/** [B, T, I] as [T, B, I], or back. */
function swapAxes(values: Float32Array, first: number, second: number): Float32Array {
  const width = values.length / (first * second);
  const result = new Float32Array(values.length);
  for (let i = 0; i < first; i++) {
    for (let j = 0; j < second; j++) {
      const from = (i * second + j) * width;
      result.set(values.subarray(from, from + width), (j * first + i) * width);
    }
  }
  return result;
}

async function product(ort: Ort, row: ProductRow): Promise<Prepared> {
  const session = await ort.InferenceSession.create(productModel(row), OPTIONS);
  const arrays = arraysOf(row.arrays) as ReadonlyMap<string, Float32Array>;
  const feeds = {
    a: new ort.Tensor("float32", arrays.get("a")!, [row.m, row.k]),
    b: new ort.Tensor("float32", arrays.get("b")!, [row.k, row.n]),
  };
  return {
    run: () => session.run(feeds),
    check: async () => sample((await session.run(feeds)).c!.data),
    release: () => void session.release(),
  };
}

async function forward(ort: Ort, row: ForwardRow): Promise<Prepared> {
  const { batch, time, inputSize } = row;
  const session = await ort.InferenceSession.create(recurrentModel(row, time, batch, false), OPTIONS);
  const x = swapAxes(arraysOf(row.arrays).get("x") as Float32Array, batch, time);
  const feeds = { x: new ort.Tensor("float32", x, [time, batch, inputSize]) };
  return {
    run: () => session.run(feeds),
    check: async () => sample(swapAxes((await session.run(feeds)).y!.data, time, batch)),
    release: () => void session.release(),
  };
}

async function step(ort: Ort, row: StepRow): Promise<Prepared> {
  const { inputSize, hiddenSize } = row;
  const session = await ort.InferenceSession.create(recurrentModel(row, 1, 1, true), OPTIONS);
  const x = arraysOf(row.arrays).get("x") as Float32Array;
  const zeros = () => new ort.Tensor("float32", new Float32Array(hiddenSize), [1, 1, hiddenSize]);
  let [h, c] = [zeros(), zeros()];
  const run = async (): Promise<Float32Array> => {
    const { hn, cn } = await session.run({ x: new ort.Tensor("float32", x, [1, 1, inputSize]), h, c });
    [h, c] = [hn!, cn!];
    return h.data;
  };
  return {
    run,
    check: async () => {
      await run();
      await run();
      return sample(await run());
    },
    release: () => void session.release(),
  };
}

async function start(): Promise<System> {
  const name = `onnxruntime-${flavour}`;
  const ort = await importPeer<Ort>(flavour === "web" ? "onnxruntime-web/wasm" : name);
  if (flavour === "web") ort.env.wasm.numThreads = 1;
  return {
    facts: { version: await versionOf(name), threads: 1 },
    prepare: (row: Row) => {
      if (row.kind === "product") return product(ort, row);
      if (row.kind === "forward") return forward(ort, row);
      if (row.kind === "step") return step(ort, row);
      throw new Cannot("no training");
    },
  };
}

await serve(start);
