import { afterAll, describe, expect, test } from "vitest";
import { backward, createEngine, gradcheck, sum, tensor, zeros } from "../../src/index.js";
import { Attention, type AttentionKind } from "../../src/layers/index.js";
import { ATTENTION_KINDS } from "../../src/nn/attention.js";
import { dense, type Vector } from "../reference/sequence.js";
import { close, leafOf } from "../values.js";

const engine = await createEngine({ seed: 4 });
afterAll(() => engine.dispose());

const [batch, length, size] = [3, 4, 5];
/** Row 2 sees nothing. */
const seen = [1, 1, 0, 1, 0, 1, 1, 0, 0, 0, 0, 0];
const mask = tensor(engine, Int32Array.from(seen), [batch, length]);
const make = (kind: AttentionKind) => new Attention(engine, { kind, querySize: size, keySize: size, attentionSize: 3 });

/** Weights and context of one row in float64. */
function reference(layer: Attention, q: Vector, values: readonly Vector[], open: readonly number[]) {
  const dot = (a: Vector, b: Vector) => a.reduce((total, v, i) => total + v * b[i]!, 0);
  const scores = values.map((value) => {
    switch (layer.options.kind) {
      case "dot":
        return dot(q, value);
      case "general":
        return dot(q, dense(value, layer.key!.weight.data()));
      case "concat":
        return dense(dense([...q, ...value], layer.concat!.weight.data()).map(Math.tanh), layer.v!.weight.data())[0]!;
      default: {
        const [a, b] = [dense(q, layer.query!.weight.data(), layer.query!.bias!.data()), dense(value, layer.key!.weight.data())];
        return dense(
          a.map((v, i) => Math.tanh(v + b[i]!)),
          layer.v!.weight.data(),
        )[0]!;
      }
    }
  });
  const exps = scores.map((score, s) => (open[s] === 0 ? 0 : Math.exp(score)));
  const total = exps.reduce((a, b) => a + b, 0);
  const weights = exps.map((e) => (total === 0 ? 0 : e / total));
  const context = q.map((_, i) => weights.reduce((sum_, w, s) => sum_ + (w === 0 ? 0 : w * values[s]![i]!), 0));
  return { weights, context };
}

describe.each(ATTENTION_KINDS)("attention %s", (kind) => {
  test("equals float64 under a mask, and a row that sees nothing gets zeros", () => {
    const layer = make(kind);
    const [q, values] = [leafOf(engine, [batch, size], 1), leafOf(engine, [batch, length, size], 2)];
    const { context, weights } = engine.step(() => layer.forward(q, layer.prepare(values, mask)));
    const rows = values.toArray() as number[][][];
    for (let b = 0; b < batch; b++) {
      const want = reference(layer, (q.toArray() as number[][])[b]!, rows[b]!, seen.slice(b * length, (b + 1) * length));
      close((weights.toArray() as number[][])[b]!, want.weights, `weights of row ${b}`);
      close((context.toArray() as number[][])[b]!, want.context, `context of row ${b}`);
    }
  });

  test("gradients of query, values and every parameter; NaN where the mask is 0 changes none", () => {
    const layer = make(kind);
    const [q, values] = [leafOf(engine, [batch, size], 1), leafOf(engine, [batch, length, size], 2)];
    gradcheck((a, b) => layer.forward(a!, layer.prepare(b!, mask)).context, [q, values, ...layer.parameters()]);
    const clean = values.data();
    const run = (filler: number) => {
      values.assign(clean.map((v, i) => (seen[Math.floor(i / size)] === 0 ? filler : v)));
      for (const own of [q, values, ...layer.parameters()]) own.clearGrad();
      return engine.step(() => {
        const { context, weights } = layer.forward(q, layer.prepare(values, mask));
        backward(sum(context));
        return [context, weights, ...[q, values, ...layer.parameters()].map((own) => own.grad ?? zeros(engine, [0]))].map((own) =>
          own.data(),
        );
      });
    };
    const [want, got] = [run(0.25), run(Number.NaN)];
    expect(got).toEqual(want);
    expect(got.every((part) => part.every(Number.isFinite))).toBe(true);
  });

  test("wrong shapes are refused by name", () => {
    const layer = make(kind);
    const values = zeros(engine, [batch, length, size]);
    const memory = layer.prepare(values, mask);
    expect(() => layer.prepare(zeros(engine, [batch, length, 4]), mask)).toThrowError(
      "Attention.prepare: values have shape [3, 4, 4], wants [B, S, 5]",
    );
    expect(() => layer.prepare(values, zeros(engine, [batch, 3], "i32"))).toThrowError(
      "Attention.prepare: mask has shape [3, 3], wants [3, 4]",
    );
    for (const shape of [
      [batch, 4],
      [2, size],
      [batch, 1, size],
    ]) {
      expect(() => layer.forward(zeros(engine, shape), memory)).toThrowError(
        `Attention.forward: query has shape [${shape.join(", ")}], wants [3, 5], [B, querySize]`,
      );
    }
  });
});

test("wrong options are refused", () => {
  const options = { kind: "dot", querySize: 3, keySize: 3 } as const;
  expect(() => new Attention(engine, { ...options, kind: "cosine" as never })).toThrowError(
    'Attention: kind "cosine", wants "bahdanau", "dot", "general" or "concat"',
  );
  expect(() => new Attention(engine, { ...options, keySize: 4 })).toThrowError('Attention: keySize 4, wants querySize 3 for kind "dot"');
  expect(() => new Attention(engine, { ...options, querySize: 0 })).toThrowError("Attention: querySize 0, wants a whole number from 1");
});
