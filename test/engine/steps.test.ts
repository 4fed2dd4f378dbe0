import { afterAll, describe, expect, test } from "vitest";
import {
  Adam,
  add,
  backward,
  clipGradNorm,
  createEngine,
  crossEntropy,
  detach,
  Embedding,
  type Engine,
  isRecurraError,
  keep,
  Linear,
  LSTM,
  Module,
  mul,
  noGrad,
  reshape,
  StateError,
  sum,
  type Tensor,
  tanh,
  tensor,
  zeros,
} from "../../src/index.js";
import { createEngine as createInferEngine } from "../../src/infer.js";

const engine = await createEngine({ seed: 1 });
afterAll(() => engine.dispose());

function refused(fn: () => unknown): StateError {
  try {
    fn();
  } catch (error) {
    expect(error).toBeInstanceOf(StateError);
    return error as StateError;
  }
  throw new Error("nothing was thrown, wanted a StateError");
}

describe("steps", () => {
  test("tensors of a step die with it, results are moved out", () => {
    let inner: Tensor | undefined;
    const result = engine.step(() => {
      inner = tensor(engine, [1, 2, 3]);
      return { doubled: add(inner, inner), list: [mul(inner, inner)], map: new Map([["x", inner]]) };
    });
    expect([...result.doubled.data()]).toEqual([2, 4, 6]);
    expect([...result.list[0]!.data()]).toEqual([1, 4, 9]);
    // The very tensor that was returned lives on; one that was not does not.
    expect([...inner!.data()]).toEqual([1, 2, 3]);
    const lost = engine.step(() => {
      const local = tensor(engine, [1]);
      return () => local.data();
    });
    expect(refused(lost).message).toMatch(/used after its step, wants one returned from the step or passed to keep\(\)/);
    for (const kept of [result.doubled, result.list[0]!, inner!]) kept.dispose();
  });

  test("a nested step frees its own memory and hands its result to the outer one", () => {
    const total = engine.step(() => {
      const outer = tensor(engine, [1, 2]);
      let lost: Tensor | undefined;
      const middle = engine.step(() => {
        lost = tensor(engine, [9, 9]);
        return add(outer, tensor(engine, [10, 20]));
      });
      expect(refused(() => lost!.data()).message).toContain("used after its step");
      return add(outer, middle);
    });
    expect([...total.data()]).toEqual([12, 24]);
    total.dispose();
  });

  test("a gradient that would end at a nested step's result is refused, unless it was cut on purpose", () => {
    const x = tensor(engine, [2]);
    x.requiresGrad = true;
    engine.step(() => {
      const y = engine.step(() => mul(x, x));
      expect(refused(() => backward(sum(y))).message).toMatch(/an input of sum .* was made by mul, already freed/);
      expect(x.grad).toBe(null);
      backward(sum(mul(detach(y), x)));
      expect([...x.grad!.data()]).toEqual([4]);
    });
    x.dispose();
  });

  test("an exception frees memory and tape, and passes through", () => {
    const before = engine.memoryUse();
    const x = tensor(engine, [1, 2]);
    x.requiresGrad = true;
    expect(() =>
      engine.step(() => {
        mul(x, x);
        zeros(engine, [1000]);
        throw new RangeError("mine");
      }),
    ).toThrowError(new RangeError("mine"));
    expect(engine.inStep).toBe(false);
    engine.step(() => backward(sum(x)));
    expect([...x.grad!.data()]).toEqual([1, 1]);
    x.dispose();
    expect(engine.memoryUse().inUse - engine.memoryUse().arena).toBe(before.inUse - before.arena);
  });

  test("a callback that returns a promise is refused, its rejection does not escape", async () => {
    const error = refused(() => engine.step(async () => Promise.reject(new Error("late"))));
    expect(error.message).toMatch(/Engine\.step: the callback returned a promise, wants a synchronous callback/);
    await new Promise((resolve) => setTimeout(resolve, 5));
  });

  test("dropout is on in training steps only, nested steps inherit it", () => {
    const states: boolean[] = [];
    engine.step(
      () => {
        states.push(engine.training);
        engine.step(() => states.push(engine.training));
      },
      { training: true },
    );
    engine.step(() => states.push(engine.training));
    expect(states).toEqual([true, true, false]);
    expect(() => engine.step(() => null, { step: -1 })).toThrowError(/Engine\.step: step -1, wants a whole number/);
  });

  test("the inference entry has no training steps: refused before the callback runs, and the engine goes on", async () => {
    const own = await createInferEngine();
    let ran = false;
    const refusal = refused(() => own.step(() => (ran = true), { training: true }));
    expect(refusal.message).toMatch(/Engine\.step: training on an engine of recurra\/infer, wants one of recurra/);
    expect([ran, own.inStep, own.step(() => own.training)]).toEqual([false, false, false]);
  });

  test("disposing an engine ends it; inside a step it is refused", async () => {
    const own = await createEngine();
    expect(refused(() => own.step(() => own.dispose())).message).toContain("called inside a step");
    own.dispose();
    expect(refused(() => zeros(own, [1])).message).toContain("the engine was disposed");
    expect(refused(() => own.step(() => null)).message).toContain("the engine was disposed");
  });
});

describe("memory", () => {
  test("10,000 training steps of changing shapes: memory after step 100 equals memory after step 10,000", async () => {
    const own = await createEngine({ seed: 1 });
    const model = new Tagger(own);
    const optimizer = new Adam(model.parameters(), { lr: 0.001 });
    const update = (i: number) =>
      own.step(
        () => {
          const [batch, time] = [1 + (i % 4), 1 + (i % 7)];
          optimizer.zeroGrad();
          const ids = Int32Array.from({ length: batch * time }, (_, k) => (i + k) % 5);
          const lengths = Array.from({ length: batch }, (_, row) => 1 + ((i + row) % time));
          const logits = model.forward(tensor(own, ids, [batch, time]), lengths);
          backward(
            crossEntropy(
              logits,
              tensor(
                own,
                ids.map((id) => id % 2),
              ),
            ),
          );
          clipGradNorm(model.parameters(), 1);
          optimizer.step();
        },
        { training: true },
      );
    for (let i = 0; i < 100; i++) update(i);
    const after100 = own.memoryUse();
    for (let i = 100; i < 10_000; i++) update(i);
    expect(own.memoryUse()).toEqual(after100);
    own.dispose();
  });

  test("state carried through keep(next, replace) for 10,000 steps takes no new memory", async () => {
    const own = await createEngine({ seed: 1 });
    let carried = zeros(own, [4, 8]);
    const one = tensor(own, [1]);
    const use: number[] = [];
    for (let i = 0; i < 10_000; i++) {
      carried = own.step(() => keep(add(carried, one), carried));
      if (i === 100 || i === 9_999) use.push(own.memoryUse().inUse);
    }
    expect(use[1]).toBe(use[0]);
    expect([...carried.data()]).toEqual(new Array(32).fill(10_000));
    own.dispose();
  });

  test("what is disposed is used again, neighbours are joined", async () => {
    const own = await createEngine();
    const start = own.memoryUse();
    const blocks = Array.from({ length: 50 }, (_, i) => zeros(own, [100 + i]));
    for (const [i, block] of blocks.entries()) if (i % 2 === 0) block.dispose();
    for (const [i, block] of blocks.entries()) if (i % 2 === 1) block.dispose();
    expect(own.memoryUse().inUse).toBe(start.inUse);
    const { reserved } = own.memoryUse();
    zeros(own, [4000]).dispose();
    expect(own.memoryUse().reserved).toBe(reserved);
    const gone = zeros(own, [3]);
    gone.dispose();
    gone.dispose();
    expect(refused(() => gone.data()).message).toContain("was disposed");
    own.dispose();
  });

  test("maxMemory is a wall: MemoryError, and the engine goes on working", async () => {
    const own = await createEngine({ maxMemory: 4 * 1024 * 1024 });
    try {
      zeros(own, [10_000_000]);
      throw new Error("40 MB fitted into 4 MB");
    } catch (error) {
      expect(isRecurraError(error, "memory")).toBe(true);
    }
    expect(zeros(own, [10]).size).toBe(10);
    own.dispose();
  });

  for (const backend of ["wasm", "js"] as const) {
    test(`${backend}: results are the same when memory grows at every allocation`, async () => {
      const losses: number[][] = [];
      for (const debugGrow of [false, true]) {
        const own = await createEngine({ seed: 3, backend, debugGrow });
        losses.push(trainALittle(own, backend === "js" ? 2 : 8));
        own.dispose();
      }
      expect(losses[1]).toEqual(losses[0]);
      expect(losses[0]!.at(-1)).toBeLessThan(losses[0]![0]!);
    });
  }
});

/** Losses of a few updates of a tagger that uses most of what there is. */
function trainALittle(own: Engine, steps: number): number[] {
  const model = new Tagger(own);
  const optimizer = new Adam(model.parameters(), { lr: 0.05 });
  return Array.from({ length: steps }, () =>
    own.step(
      () => {
        optimizer.zeroGrad();
        const ids = tensor(own, Int32Array.of(1, 2, 3, 4, 1, 0), [2, 3]);
        const loss = crossEntropy(model.forward(ids, [3, 2]), tensor(own, Int32Array.of(0, 1, 1, 0, 1, -100)));
        backward(loss);
        clipGradNorm(model.parameters(), 1);
        optimizer.step();
        return loss.item();
      },
      { training: true },
    ),
  );
}

class Tagger extends Module {
  readonly embedding: Embedding;
  readonly encoder: LSTM;
  readonly output: Linear;

  constructor(own: Engine) {
    super();
    this.embedding = new Embedding(own, { numEmbeddings: 5, embeddingDim: 6 });
    this.encoder = new LSTM(own, { inputSize: 6, hiddenSize: 7, numLayers: 2, bidirectional: true, dropout: 0.2 });
    this.output = new Linear(own, { inFeatures: 14, outFeatures: 2 });
  }

  forward(ids: Tensor, lengths: readonly number[]): Tensor {
    const { output } = this.encoder.forward(this.embedding.forward(ids), null, { lengths });
    return reshape(this.output.forward(tanh(output)), [ids.size, 2]);
  }
}

test("noGrad records nothing", () => {
  const x = tensor(engine, [1]);
  x.requiresGrad = true;
  engine.step(() => {
    const y = noGrad(engine, () => mul(x, x));
    expect(y.requiresGrad).toBe(false);
    expect(refused(() => backward(sum(y))).message).toContain("no history");
  });
  x.dispose();
});
