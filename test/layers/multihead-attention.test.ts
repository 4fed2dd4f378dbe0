import { afterAll, describe, expect, test } from "vitest";
import { backward, createEngine, type Engine, gradcheck, sum, type Tensor, tensor, zeros } from "../../src/index.js";
import { type AttendOptions, MultiheadAttention, type MultiheadAttentionOptions } from "../../src/layers/index.js";
import { randomFloats } from "../kernels/harness.js";
import { type AttentionWeights, attend } from "../reference/attention.js";
import { close, leafOf } from "../values.js";

const engines = {
  wasm: await createEngine({ seed: 2, numerics: "reproducible" }),
  js: await createEngine({ seed: 2, backend: "js" }),
  /** Views change at every allocation. */
  growing: await createEngine({ seed: 2, numerics: "reproducible", debugGrow: true, maxMemory: 2 ** 29 }),
};
const engine = engines.wasm;
afterAll(() => Object.values(engines).forEach((own) => void own.dispose()));

const [batch, time, steps, embedDim, heads] = [3, 4, 5, 6, 2];

function make(own: Engine, options: Partial<MultiheadAttentionOptions> = {}): MultiheadAttention {
  const layer = new MultiheadAttention(own, { embedDim, numHeads: heads, ...options });
  for (const [i, parameter] of layer.parameters().entries()) parameter.assign(randomFloats(parameter.size, i + 1));
  return layer;
}

function weightsOf(layer: MultiheadAttention): AttentionWeights {
  const joint = layer.inProjWeight?.data();
  const part = (i: number, own: Tensor | null) => own?.data() ?? joint!.slice(i * embedDim * embedDim, (i + 1) * embedDim * embedDim);
  const bias = layer.inProjBias === null ? null : [...layer.inProjBias.data()];
  const rows = (i: number) => bias!.slice(i * embedDim, (i + 1) * embedDim);
  return {
    heads: layer.numHeads,
    q: part(0, layer.qProjWeight),
    k: part(1, layer.kProjWeight),
    v: part(2, layer.vProjWeight),
    out: layer.outProj.weight.data(),
    biases: bias === null ? null : [rows(0), rows(1), rows(2)],
    outBias: layer.outProj.bias?.data(),
  };
}

const input = (own: Engine, rows: number, features: number, seed: number) =>
  tensor(own, randomFloats(batch * rows * features, seed), [batch, rows, features]);

type Hidden = (b: number, h: number, t: number, s: number) => number;
const NO = Number.NEGATIVE_INFINITY;

/** Compares outputs, averaged weights and those of each head with float64. */
function check(layer: MultiheadAttention, [q, k, v]: readonly [Tensor, Tensor, Tensor], options: AttendOptions, added: Hidden): void {
  const { output, weights } = layer.forward(q, k, v, options);
  const each = layer.forward(q, k, v, { ...options, averageAttnWeights: false });
  expect(each.output.data()).toEqual(output.data());
  const rows = (x: Tensor, b: number) => (x.toArray() as number[][][])[b]!;
  for (let b = 0; b < batch; b++) {
    const want = attend(weightsOf(layer), rows(q, b), rows(k, b), rows(v, b), (h, t, s) => added(b, h, t, s));
    const length = options.lengths?.[b] ?? q.shape[1]!;
    rows(output, b).forEach((got, t) => {
      close(got, t < length ? want.output[t]! : new Array(embedDim).fill(0), `output ${b}, ${t}`);
    });
    const perHead = (each.weights!.toArray() as number[][][][])[b]!;
    perHead.forEach((head, h) => {
      head.forEach((got, t) => void close(got, t < length ? want.weights[h]![t]! : got.map(() => 0), `weights ${b}, ${h}, ${t}`));
    });
    rows(weights!, b).forEach((got, t) => {
      const average = got.map((_, s) => perHead.reduce((total, head) => total + head[t]![s]! / layer.numHeads, 0));
      close(got, average, `averaged weights ${b}, ${t}`);
    });
  }
}

describe("values", () => {
  test.each([
    ["as it is", {}],
    ["without bias", { bias: false }],
    ["one head", { numHeads: 1 }],
    ["a head a feature", { numHeads: 6 }],
  ] as const)("%s equals float64", (_, options) => {
    const layer = make(engine, options);
    check(layer, [input(engine, time, embedDim, 1), input(engine, steps, embedDim, 2), input(engine, steps, embedDim, 3)], {}, () => 0);
  });

  test("keys and values of other sizes", () => {
    const layer = make(engine, { kdim: 3, vdim: 7 });
    expect(Array.from(layer.stateDict(), ([name, { shape }]) => [name, [...shape]])).toEqual([
      ["q_proj_weight", [6, 6]],
      ["k_proj_weight", [6, 3]],
      ["v_proj_weight", [6, 7]],
      ["in_proj_bias", [18]],
      ["out_proj.weight", [6, 6]],
      ["out_proj.bias", [6]],
    ]);
    check(layer, [input(engine, time, 6, 1), input(engine, steps, 3, 2), input(engine, steps, 7, 3)], {}, () => 0);
  });

  test("key padding mask, attention masks of integers and of floats, by head, and causal", () => {
    const layer = make(engine);
    const x = [input(engine, time, embedDim, 1), input(engine, steps, embedDim, 2), input(engine, steps, embedDim, 3)] as const;
    const padding = Int32Array.of(0, 0, 0, 1, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1);
    const keyPaddingMask = tensor(engine, padding, [batch, steps]);
    const hidden: Hidden = (b, _, __, s) => (padding[b * steps + s] ? NO : 0);
    check(layer, x, { keyPaddingMask }, hidden);
    check(layer, x, { isCausal: true }, (_, __, t, s) => (s > t ? NO : 0));
    const seen = Int32Array.from({ length: time * steps }, (_, i) => (i % 3 === 1 ? 1 : 0));
    check(layer, x, { attnMask: tensor(engine, seen, [time, steps]), keyPaddingMask, isCausal: true }, (b, h, t, s) =>
      seen[t * steps + s] || s > t ? NO : hidden(b, h, t, s),
    );
    const floats = randomFloats(batch * heads * time * steps, 5, 2).map((v, i) => (i % 7 === 0 ? NO : v));
    const at = (b: number, h: number, t: number, s: number) => floats[((b * heads + h) * time + t) * steps + s]!;
    const attnMask = tensor(engine, floats, [batch * heads, time, steps]);
    check(layer, x, { attnMask }, at);
    const bias = randomFloats(batch * steps, 6);
    check(
      layer,
      x,
      { attnMask, keyPaddingMask: tensor(engine, bias, [batch, steps]) },
      (b, h, t, s) => at(b, h, t, s) + bias[b * steps + s]!,
    );
  });

  test("lengths: outputs and weights past the query's are 0, a row that may see nothing has weights of 0", () => {
    const layer = make(engine);
    const [lengths, keyLengths] = [
      [4, 1, 2],
      [2, 5, 0],
    ];
    const x = [input(engine, time, embedDim, 1), input(engine, steps, embedDim, 2), input(engine, steps, embedDim, 3)] as const;
    check(layer, x, { lengths, keyLengths }, (b, _, __, s) => (s < keyLengths[b]! ? 0 : NO));
    const own = x[0];
    check(layer, [own, own, own], { lengths, isCausal: true }, (b, _, t, s) => (s <= t && s < lengths[b]! ? 0 : NO));
  });

  test("the weights are left out where they are not needed", () => {
    const x = input(engine, time, embedDim, 1);
    expect(make(engine).forward(x, x, x, { needWeights: false }).weights).toBe(null);
  });

  test("both backends give the same bits, and a row alone those it has in a batch", () => {
    const lengths = [4, 2, 3];
    const results = Object.values(engines).map((own) => {
      const layer = make(own);
      const x = input(own, time, embedDim, 4);
      const together = layer.forward(x, x, x, { lengths }).output.data();
      for (const [b, length] of lengths.entries()) {
        const row = tensor(own, x.data().slice(b * time * embedDim, (b * time + length) * embedDim), [1, length, embedDim]);
        const start = b * time * embedDim;
        expect(together.slice(start, start + length * embedDim)).toEqual(layer.forward(row, row, row).output.data());
      }
      return together;
    });
    for (const result of results.slice(1)) expect(result).toEqual(results[0]);
  });
});

describe("training", () => {
  test("gradients of query, key, value and every parameter, under masks and dropout", () => {
    for (const options of [{}, { kdim: 3, vdim: 4, dropout: 0.3 }, { bias: false, dropout: 0.2 }]) {
      const layer = make(engine, options);
      const inputs = [
        leafOf(engine, [batch, time, embedDim], 1),
        leafOf(engine, [batch, steps, layer.kdim], 2),
        leafOf(engine, [batch, steps, layer.vdim], 3),
        ...layer.parameters(),
      ];
      const masks = { lengths: [4, 2, 3], keyLengths: [3, 5, 1], isCausal: true };
      gradcheck((q, k, v) => layer.forward(q!, k!, v!, masks).output, inputs, { training: true, elements: 24 });
    }
  });

  test("self-attention with NaN in the padding: values and gradients are those of any other padding", () => {
    const layer = make(engine);
    const lengths = [4, 1, 2];
    const x = leafOf(engine, [batch, time, embedDim], 7);
    const clean = x.data();
    const run = (filler: number) => {
      x.assign(clean.map((v, i) => (Math.floor(i / embedDim) % time < lengths[Math.floor(i / embedDim / time)]! ? v : filler)));
      for (const own of [x, ...layer.parameters()]) own.clearGrad();
      const output = engine.step(() => {
        const y = layer.forward(x, x, x, { lengths }).output;
        backward(sum(y));
        return y.data();
      });
      return [output, ...[x, ...layer.parameters()].map((own) => own.grad!.data())];
    };
    const [want, got] = [run(0.5), run(Number.NaN)];
    expect(got).toEqual(want);
    expect(got.every((part) => part.every(Number.isFinite))).toBe(true);
  });

  test("keys hidden by a mask may hold NaN", () => {
    const layer = make(engine);
    const [q, keys] = [input(engine, time, embedDim, 1), randomFloats(batch * steps * embedDim, 2)];
    const hidden = Int32Array.of(0, 1, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0);
    hidden.forEach((flag, row) => void (flag && keys.fill(Number.NaN, row * embedDim, (row + 1) * embedDim)));
    const k = tensor(engine, keys, [batch, steps, embedDim]);
    const floats = tensor(
      engine,
      Float32Array.from(hidden, (flag) => (flag ? NO : 0)),
      [batch, steps],
    );
    const masks = [tensor(engine, hidden, [batch, steps]), floats];
    const [a, b] = masks.map((keyPaddingMask) => layer.forward(q, k, k, { keyPaddingMask }).output.data());
    expect(a).toEqual(b);
    expect(a!.every(Number.isFinite)).toBe(true);
    // Of row 1 nothing is seen: what comes out is the last bias.
    expect([...a!.slice(time * embedDim, (time + 1) * embedDim)]).toEqual([...layer.outProj.bias!.data()]);
  });

  test("starts as PyTorch's: Xavier's bounds, biases 0", () => {
    const layer = new MultiheadAttention(engine, { embedDim: 64, numHeads: 4 });
    const largest = (own: Tensor) => Math.max(...Array.from(own.data(), Math.abs));
    const bound = Math.sqrt(6 / (4 * 64));
    expect(largest(layer.inProjWeight!)).toBeLessThanOrEqual(Math.fround(bound));
    expect(largest(layer.inProjWeight!)).toBeGreaterThan(0.99 * bound);
    expect(largest(layer.outProj.weight)).toBeLessThanOrEqual(1 / 8);
    expect([largest(layer.inProjBias!), largest(layer.outProj.bias!)]).toEqual([0, 0]);
  });

  test("outside a step only the results stay in memory", () => {
    const layer = make(engine);
    const x = input(engine, time, embedDim, 1);
    const run = () => {
      const { output, weights } = layer.forward(x, x, x, { isCausal: true });
      output.dispose();
      weights!.dispose();
    };
    run();
    const before = engine.memoryUse().inUse;
    for (let i = 0; i < 20; i++) run();
    expect(engine.memoryUse().inUse).toBe(before);
  });
});

describe("wrong calls", () => {
  const layer = make(engine);
  const [q, k] = [zeros(engine, [batch, time, embedDim]), zeros(engine, [batch, steps, embedDim])];
  const where = "MultiheadAttention.forward:";
  test.each([
    ["a number of heads", "numHeads 4, wants a divisor of embedDim 6", () => make(engine, { numHeads: 4 })],
    ["an unknown option", "unknown option embed_dim, wants embedDim", () => make(engine, { embed_dim: 6 } as never)],
    ["dropout", "MultiheadAttention: p 2, wants a probability", () => make(engine, { dropout: 2 })],
    ["features", `${where} query has shape [3, 4, 5], wants [B, steps, 6]`, () => layer.forward(zeros(engine, [3, 4, 5]), k, k)],
    [
      "no keys",
      `${where} key has shape [3, 0, 6], wants [B, steps, 6] with at least 1 step`,
      () => layer.forward(q, zeros(engine, [3, 0, 6]), k),
    ],
    [
      "another batch",
      `${where} query [3, 4, 6], key [2, 5, 6]`,
      () => layer.forward(q, zeros(engine, [2, 5, 6]), zeros(engine, [2, 5, 6])),
    ],
    ["values for other keys", "wants one B, and one S of key and value", () => layer.forward(q, k, q)],
    ["lengths", `${where} 2 lengths, wants 3`, () => layer.forward(q, k, k, { lengths: [1, 2] })],
    [
      "a length",
      `${where} keyLengths 6 at row 2, wants a whole number from 0 to 5`,
      () => layer.forward(q, k, k, { keyLengths: [1, 2, 6] }),
    ],
    [
      "a padding mask",
      "keyPaddingMask has shape [3, 4], wants [3, 5], [B, S]",
      () => layer.forward(q, k, k, { keyPaddingMask: zeros(engine, [3, 4]) }),
    ],
    [
      "an attention mask",
      "attnMask has shape [5, 4], wants [4, 5], [T, S], or [6, 4, 5]",
      () => layer.forward(q, k, k, { attnMask: zeros(engine, [5, 4]) }),
    ],
    ["a flag", `${where} isCausal 1, wants true or false`, () => layer.forward(q, k, k, { isCausal: 1 } as never)],
    ["a misspelt mask", `${where} unknown option attn_mask, wants attnMask`, () => layer.forward(q, k, k, { attn_mask: k } as never)],
  ] as const)("%s", (_, message, call) => {
    expect(call).toThrowError(message);
    expect(engine.inStep).toBe(false);
  });
});
