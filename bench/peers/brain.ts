/**
 * brain.js trains an LSTM on sequences, one after the other: T1 is 32 sequences of 50 vectors of 64, each predicted from those before,
 * through 128 hidden units, one pass. Its network is another (no embedding, another output, its own optimizer): no result to compare.
 */
import { numbers } from "../data.js";
import { Cannot, type Prepared, type System } from "../protocol.js";
import type { Row, TrainRow } from "../rows.js";
import { serve } from "../systems/serve.js";
import { importPeer, versionOf } from "./peer.js";

interface Network {
  train(data: readonly { input: readonly number[][]; output: readonly number[][] }[], options: object): unknown;
}
interface Brain {
  readonly default: { readonly recurrent: { readonly LSTMTimeStep: new (options: object) => Network } };
}

function train({ default: brain }: Brain, { batch, time, hiddenSize, inputSize }: TrainRow): Prepared {
  const vectors = (count: number, seed: number) =>
    Array.from({ length: count }, (_, i) => Array.from(numbers(inputSize, seed + i), (value) => value / 2 + 0.5));
  const data = Array.from({ length: batch }, (_, b) => ({ input: vectors(time - 1, 100 * b), output: vectors(1, 100 * b + 99) }));
  const net = new brain.recurrent.LSTMTimeStep({ inputSize, outputSize: inputSize, hiddenLayers: [hiddenSize] });
  return { run: () => net.train(data, { iterations: 1, errorThresh: 0 }), check: () => [] };
}

async function start(): Promise<System> {
  const brain = await importPeer<Brain>("brain.js");
  return {
    facts: { version: await versionOf("brain.js") },
    prepare: (row: Row): Prepared => {
      if (row.id !== "T1") throw new Cannot("not its kind of work");
      return train(brain, row as TrainRow);
    },
  };
}

await serve(start);
