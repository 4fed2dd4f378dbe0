import { afterAll, describe, expect, test } from "vitest";
import { createEngine, gradcheck, type Tensor, tensor } from "../../src/index.js";
import { Attention, EncoderDecoder } from "../../src/layers/index.js";
import { randomFloats } from "../kernels/harness.js";

const engine = await createEngine({ seed: 2 });
afterAll(() => engine.dispose());

describe("Attention", () => {
  for (const kind of ["bahdanau", "dot", "general", "concat"] as const) {
    test(`${kind}: weights sum to 1 over the source, and every gradient is right`, () => {
      const attention = new Attention(engine, { kind, querySize: 3, keySize: kind === "dot" ? 3 : 5, attentionSize: 4 });
      const width = kind === "dot" ? 3 : 5;
      const mask = tensor(engine, Int32Array.of(1, 1, 0, 1, 1, 1), [2, 3]);
      const leaf = (shape: number[], seed: number): Tensor => {
        const x = tensor(
          engine,
          randomFloats(
            shape.reduce((a, b) => a * b, 1),
            seed,
          ),
          shape,
        );
        x.requiresGrad = true;
        return x;
      };
      const [query, values] = [leaf([2, 3], 1), leaf([2, 3, width], 2)];
      const run = (q: Tensor, v: Tensor) => attention.forward(q, attention.prepare(v, mask));
      const weights = engine.step(() => run(query, values).weights.toArray()) as number[][];
      for (const row of weights) expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
      expect(weights[0]![2]).toBe(0);
      gradcheck((q, v) => run(q!, v!).context, [query, values, ...attention.parameters()]);
    });
  }

  test("wrong sizes are refused", () => {
    expect(() => new Attention(engine, { kind: "dot", querySize: 3, keySize: 4 })).toThrowError(
      /keySize 4, wants querySize 3 for kind "dot"/,
    );
    expect(() => new Attention(engine, { kind: "luong" as "dot", querySize: 3, keySize: 3 })).toThrowError(
      /kind "luong", wants "bahdanau", "dot"/,
    );
    const attention = new Attention(engine, { kind: "dot", querySize: 3, keySize: 3 });
    const mask = tensor(engine, Int32Array.of(1), [1, 1]);
    expect(() => attention.prepare(tensor(engine, [[1, 2, 3]]), mask)).toThrowError(/values have shape \[1, 3\], wants \[B, S, 3\]/);
    expect(() => attention.prepare(tensor(engine, new Float32Array(6), [1, 2, 3]), mask)).toThrowError(
      /mask has shape \[1, 1\], wants \[1, 2\]/,
    );
  });
});

describe("EncoderDecoder", () => {
  const options = { srcVocab: 7, tgtVocab: 6, embeddingDim: 3, hiddenSize: 4 } as const;
  const src = tensor(engine, Int32Array.of(1, 2, 3, 4, 5, 0), [2, 3]);
  const tgt = tensor(engine, Int32Array.of(1, 2, 3, 4), [2, 2]);

  for (const [cell, attention, inputFeeding] of [
    ["rnn", "bahdanau", false],
    ["lstm", "general", true],
    ["gru", "concat", false],
    ["lstm", "dot", false],
    ["gru", "general", false],
    ["lstm", "none", false],
  ] as const) {
    test(`${cell} with ${attention}${inputFeeding ? " and input feeding" : ""}: every parameter's gradient is right`, () => {
      const model = new EncoderDecoder(engine, { ...options, cell, attention, inputFeeding });
      const { checked } = gradcheck(() => model.forward(src, [3, 2], tgt).logits, model.parameters(), { elements: 12 });
      expect(checked).toBeGreaterThan(100);
    });
  }

  for (const attention of ["none", "dot", "general", "concat", "bahdanau"] as const) {
    test(`${attention}: single steps give what the whole target gives, and the same attention`, () => {
      const model = new EncoderDecoder(engine, { ...options, cell: "lstm", attention });
      const [whole, weights] = engine.step(() => {
        const result = model.forward(src, [3, 2], tgt);
        return [result.logits.toArray() as number[][][], (result.attention?.toArray() ?? null) as number[][][] | null];
      });
      engine.step(() => {
        let context = model.encode(src, [3, 2]);
        for (const [t, ids] of [
          [0, [1, 3]],
          [1, [2, 4]],
        ] as const) {
          const step = model.step(tensor(engine, Int32Array.from(ids)), context);
          context = step.context;
          const near = (found: Tensor, wanted: (number[] | undefined)[]) =>
            (found.toArray() as number[][]).forEach((row, b) => {
              row.forEach((value, i) => void expect(value).toBeCloseTo(wanted[b]![i]!, 5));
            });
          near(
            step.logits,
            [0, 1].map((b) => whole[b]![t]),
          );
          if (weights === null) expect(step.weights).toBeNull();
          else
            near(
              step.weights!,
              [0, 1].map((b) => weights[b]![t]),
            );
        }
      });
    });
  }

  test("dropout acts in training steps only", () => {
    const model = new EncoderDecoder(engine, { ...options, cell: "gru", attention: "dot", dropout: 0.5 });
    const run = (training: boolean) => engine.step(() => model.forward(src, [3, 2], tgt).logits.data(), { training });
    expect(run(false)).toEqual(run(false));
    expect(run(true)).not.toEqual(run(false));
  });

  test("what stands past a source's end changes nothing", () => {
    const model = new EncoderDecoder(engine, { ...options, cell: "gru", attention: "bahdanau" });
    const other = tensor(engine, Int32Array.of(1, 2, 3, 4, 5, 6), [2, 3]);
    const run = (source: Tensor) => engine.step(() => model.forward(source, [3, 2], tgt).logits.data());
    expect(run(other)).toEqual(run(src));
  });

  test("wrong calls are refused", () => {
    const model = new EncoderDecoder(engine, { ...options, cell: "gru", attention: "dot" });
    expect(() => engine.step(() => model.forward(src, [3, 2], tensor(engine, Int32Array.of(1), [1, 1])))).toThrowError(
      /src \[2, 3\] and tgt \[1, 1\]/,
    );
    expect(() => engine.step(() => model.forward(src, [3, 4], tgt))).toThrowError(/length 4 at row 1/);
    expect(() => new EncoderDecoder(engine, { ...options, cell: "gru", attention: "bahdanau", inputFeeding: true })).toThrowError(
      /inputFeeding with attention "bahdanau"/,
    );
    expect(() => new EncoderDecoder(engine, { ...options, cell: "mlp" as "gru", attention: "dot" })).toThrowError(/cell "mlp"/);
  });
});
