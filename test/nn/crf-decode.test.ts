import { afterAll, describe, expect, test } from "vitest";
import { createEngine, max, tensor } from "../../src/index.js";
import { createEngine as createInferEngine } from "../../src/infer.js";
import { CRF, type TaggingScheme, taggingConstraints } from "../../src/layers/index.js";
import { CRFDecoder } from "../../src/nn/crf-decoder.js";
import { allPaths, bestInto, enumerate, pathScore } from "../reference/crf.js";
import { chainOf, makeBatch, makeCRF } from "./crf-cases.js";

const numerics = "reproducible";
const engines = [
  await createEngine({ seed: 3, backend: "wasm", numerics }),
  await createEngine({ seed: 3, backend: "js", numerics }),
] as const;
const [engine] = engines;
afterAll(() => {
  for (const one of engines) one.dispose();
});

const shapes = [
  { count: 1, lengths: [1, 3] },
  { count: 2, lengths: [6, 1, 3] },
  { count: 3, lengths: [5, 2] },
  { count: 5, lengths: [1, 4] },
] as const;

describe("decoding", () => {
  test("the best path and the k best equal the first of all paths by score, on both backends", () => {
    for (const { count, lengths } of shapes) {
      for (const own of engines) {
        const crf = makeCRF(own, { numTags: count }, 20 + count);
        const { emissions, rows, options } = makeBatch(own, lengths, 6, count, 30 + count);
        const best = crf.decode(emissions, options);
        for (const k of [1, 3, 700]) {
          crf.kBest(emissions, k, options).forEach((paths, r) => {
            const { emissions: own, length } = rows[r]!;
            const want = allPaths(own, chainOf(crf), length).slice(0, k);
            expect(paths.map(({ tags }) => tags)).toEqual(want.map(({ tags }) => tags));
            paths.forEach(({ score }, i) => void expect(score).toBeCloseTo(want[i]!.score, 12));
            expect(best[r]!.tags).toEqual(want[0]!.tags);
            expect(best[r]!.score).toBeCloseTo(want[0]!.score, 12);
          });
        }
      }
    }
  });

  test("of equal scores the lowest tag at the last step where they differ comes first", () => {
    // Small whole numbers: many paths tie, to the bit.
    for (let seed = 0; seed < 20; seed++) {
      const crf = makeCRF(engine, { numTags: 3 }, seed);
      for (const parameter of crf.parameters()) parameter.assign(parameter.data().map((v) => Math.round(v / 2)));
      const { emissions, rows } = makeBatch(engine, [5], 5, 3, seed, 1);
      emissions.assign(emissions.data().map(Math.round));
      const want = allPaths(emissions.data(), chainOf(crf), rows[0]!.length).slice(0, 40);
      expect(crf.kBest(emissions, 40)[0]).toEqual(want);
      expect(crf.decode(emissions)[0]).toEqual(want[0]);
    }
    const zeros = new CRF(engine, { numTags: 4 });
    for (const parameter of zeros.parameters()) parameter.assign(new Float32Array(parameter.size));
    const flat = tensor(engine, new Float32Array(12), [1, 3, 4]);
    expect(zeros.decode(flat)).toEqual([{ tags: [0, 0, 0], score: 0 }]);
    expect(zeros.kBest(flat, 3)[0]!.map(({ tags }) => tags)).toEqual([
      [0, 0, 0],
      [1, 0, 0],
      [2, 0, 0],
    ]);
  });

  test("long rows and many tags reach the best score there is", () => {
    for (const [count, length] of [
      [75, 40],
      [5, 3000],
      [257, 9],
    ] as const) {
      const crf = makeCRF(engine, { numTags: count }, count);
      const { emissions, rows } = makeBatch(engine, [length], length, count, 41);
      const [row] = rows;
      const last = bestInto(row!.emissions, chainOf(crf), length)[length - 1]!;
      const want = Math.max(...last.map((score, i) => score + crf.endTransitions.data()[i]!));
      const [path] = crf.decode(emissions);
      expect(path!.tags.length).toBe(length);
      expect(Math.abs(pathScore(row!.emissions, chainOf(crf), path!.tags) - path!.score)).toBeLessThan(1e-8);
      expect(want - path!.score).toBeLessThan(1e-5);
      const [first, second] = crf.kBest(emissions, 2)[0]!;
      expect(Math.abs(first!.score - want)).toBeLessThan(1e-8);
      expect(second!.score).toBeLessThanOrEqual(first!.score);
    }
  });

  test("the most probable tag of each step is the largest marginal", () => {
    const crf = makeCRF(engine, { numTags: 4 }, 50);
    const { emissions, rows, options } = makeBatch(engine, [5, 2], 5, 4, 51);
    const { indices } = max(crf.marginals(emissions, options), -1);
    rows.forEach((row, r) => {
      const { marginals } = enumerate(row.emissions, chainOf(crf), row.length);
      for (let t = 0; t < row.length; t++) {
        const p = marginals.slice(t * 4, t * 4 + 4);
        expect(indices.data()[r * 5 + t]).toBe(p.indexOf(Math.max(...p)));
      }
    });
  });

  test("probabilities of the k best paths, by score and partition, are those of all paths", () => {
    const crf = makeCRF(engine, { numTags: 3 }, 52);
    const { emissions } = makeBatch(engine, [4], 4, 3, 53);
    const partition = crf.logPartition(emissions).item();
    const total = crf.kBest(emissions, 81)[0]!.reduce((sum, { score }) => sum + Math.exp(score - partition), 0);
    expect(total).toBeCloseTo(1, 5);
  });

  test("moves of -Infinity are never decoded, and rows that they leave no path for are refused", () => {
    const crf = makeCRF(engine, { numTags: 3 }, 54);
    const moves = crf.transitions.data();
    for (const [from, to] of [
      [0, 0],
      [1, 1],
      [2, 2],
      [0, 1],
    ] as const)
      moves[from * 3 + to] = -Infinity;
    crf.transitions.assign(moves);
    const { emissions, rows } = makeBatch(engine, [4], 4, 3, 55);
    const want = allPaths(rows[0]!.emissions, chainOf(crf), 4).filter(({ score }) => score > -Infinity);
    expect(crf.kBest(emissions, 81)[0]!.map(({ tags }) => tags)).toEqual(want.map(({ tags }) => tags));
    expect(crf.decode(emissions)[0]!.tags).toEqual(want[0]!.tags);
    crf.transitions.assign(new Float32Array(9).fill(-Infinity));
    for (const call of [() => crf.decode(emissions), () => crf.kBest(emissions, 2)]) {
      expect(call).toThrowError(/no path of row 0 has a finite score, wants finite emissions and moves that are allowed/);
    }
    expect(crf.decode(tensor(engine, [[[1, 9, 3]]]))[0]!.tags.length).toBe(1);
  });

  test("emissions that are NaN or Infinity within a row's length are refused, past it they are not read", () => {
    const crf = makeCRF(engine, { numTags: 3 }, 56);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      for (const at of [0, 4, 8]) {
        const values = new Float32Array(9);
        values[at] = bad;
        const emissions = tensor(engine, values, [1, 3, 3]);
        expect(() => crf.decode(emissions)).toThrowError(/CRF\.decode: no path of row 0/);
        expect(() => crf.kBest(emissions, 2)).toThrowError(/CRF\.kBest: no path of row 0/);
        if (at === 8) expect(crf.decode(emissions, { lengths: [2] })[0]!.tags.length).toBe(2);
      }
    }
  });
});

describe("the inference entry", () => {
  test("decodes with CRFDecoder, and refuses what needs the training kernels", async () => {
    const small = await createInferEngine();
    const crf = makeCRF(engine, { numTags: 5 }, 80);
    const { emissions, options } = makeBatch(engine, [4, 2], 4, 5, 81);
    const [decoder, whole] = [new CRFDecoder(small, { numTags: 5 }), new CRF(small, { numTags: 5 })];
    decoder.loadStateDict(crf.stateDict());
    const own = tensor(small, emissions.data(), emissions.shape);
    expect(decoder.decode(own, options)).toEqual(crf.decode(emissions, options));
    expect(() => whole.marginals(own, options)).toThrowError(/CRF\.marginals: an engine of recurra\/infer decodes only/);
    expect(() => whole.logPartition(own, options)).toThrowError(/CRF\.logPartition: an engine of recurra\/infer decodes only/);
    small.dispose();
  });
});

describe("constraints", () => {
  const iobes = ["O", "B-a", "I-a", "E-a", "S-a", "B-b", "E-b"];
  const cases: [TaggingScheme, readonly string[]][] = [
    ["IOB2", ["O", "B-a", "I-a", "B-b", "I-b"]],
    ["IOBES", iobes],
    ["BILOU", iobes.map((label) => label.replace("E-", "L-").replace("S-", "U-"))],
    ["IOB2", ["B", "I", "O"]],
  ];

  /** Whether a sequence is whole spans, told from the spans it would make. */
  function isWhole(labels: readonly string[], scheme: TaggingScheme): boolean {
    const span = scheme === "IOB2" ? /^(O|B(?<x>[^ ]*)( I\k<x>(?= |$))*)$/ : /^(O|[SU][^ ]*|B(?<x>[^ ]*)( I\k<x>)* [EL]\k<x>)$/;
    const whole = (rest: readonly string[]): boolean =>
      rest.length === 0 || rest.some((_, i) => span.test(rest.slice(0, i + 1).join(" ")) && whole(rest.slice(i + 1)));
    return whole(labels);
  }

  test.each(cases)("%s over %j: the paths that are left are the sequences of whole spans", (scheme, labels) => {
    const constraints = taggingConstraints(labels, scheme);
    const crf = makeCRF(engine, { numTags: labels.length, constraints }, 60);
    const { emissions, rows, options } = makeBatch(engine, [4, 2], 4, labels.length, 61);
    const partition = crf.logPartition(emissions, options).data();
    const marginals = crf.marginals(emissions, options).data();
    crf.kBest(emissions, 3000, options).forEach((paths, r) => {
      const { emissions: own, length } = rows[r]!;
      const want = allPaths(own, chainOf(crf), length).filter(({ tags }) =>
        isWhole(
          tags.map((tag) => labels[tag]!),
          scheme,
        ),
      );
      expect(want.length).toBeGreaterThanOrEqual(5);
      expect(paths.map(({ tags }) => tags)).toEqual(want.map(({ tags }) => tags));
      expect(crf.decode(emissions, options)[r]!.tags).toEqual(want[0]!.tags);
      const sum = want.reduce((total, { score }) => total + Math.exp(score), 0);
      expect(partition[r]).toBeCloseTo(Math.log(sum), 5);
      const p = want.reduce((total, { tags, score }) => total + (tags[1] === 0 ? Math.exp(score) / sum : 0), 0);
      expect(marginals[r * 4 * labels.length + labels.length]).toBeCloseTo(p, 5);
    });
  });

  test("in training they hold only when asked: then the loss is over allowed paths, and forbidden tags are refused", () => {
    const labels = ["O", "B", "I"];
    const constraints = taggingConstraints(labels, "IOB2");
    const free = makeCRF(engine, { numTags: 3, constraints }, 70);
    const bound = makeCRF(engine, { numTags: 3, constraints, constrainTraining: true }, 70);
    const { emissions, rows } = makeBatch(engine, [3], 3, 3, 71);
    const tags = (...values: number[]) => tensor(engine, Int32Array.from(values), [1, 3]);
    const all = allPaths(rows[0]!.emissions, chainOf(free), 3);
    const lossOver = (paths: typeof all, own: readonly number[]) =>
      Math.log(paths.reduce((sum, { score }) => sum + Math.exp(score), 0)) - pathScore(rows[0]!.emissions, chainOf(free), own);
    const allowed = all.filter(({ tags: [a, b, c] }) => a !== 2 && !(a === 0 && b === 2) && !(b === 0 && c === 2));
    expect(allowed.length).toBe(13);
    expect(free.loss(emissions, tags(1, 2, 0)).item()).toBeCloseTo(lossOver(all, [1, 2, 0]), 5);
    expect(bound.loss(emissions, tags(1, 2, 0)).item()).toBeCloseTo(lossOver(allowed, [1, 2, 0]), 5);
    expect(free.loss(emissions, tags(0, 2, 2)).item()).toBeCloseTo(lossOver(all, [0, 2, 2]), 5);
    expect(free.score(emissions, tags(0, 2, 2))).toEqual([-Infinity]);
    expect(() => bound.loss(emissions, tags(0, 2, 2))).toThrowError(
      /CRF\.loss: tag 2 after tag 0 at row 0, step 1 of 3, wants one that the constraints allow/,
    );
    expect(() => bound.loss(emissions, tags(2, 0, 0))).toThrowError(/tag 2 first at row 0, step 0 of 3/);
    const ends = new CRF(engine, { numTags: 2, constraints: taggingConstraints(["B", "E"], "IOBES"), constrainTraining: true });
    const two = tensor(engine, new Float32Array(6), [1, 3, 2]);
    expect(() => ends.loss(two, tags(0, 1, 0))).toThrowError(/tag 0 after tag 1 at row 0, step 2 of 3/);
    // Whole spans of two cannot fill three steps.
    expect(() => ends.decode(two)).toThrowError(/no path of row 0/);
    expect(ends.decode(two, { lengths: [2] })[0]!.tags).toEqual([0, 1]);
  });

  test("labels and schemes that are none are refused with what was wanted", () => {
    const call = (labels: readonly unknown[], scheme = "IOB2") => taggingConstraints(labels as string[], scheme as TaggingScheme);
    expect(() => call(["O", "X-a"])).toThrowError(/label "X-a" at 1, wants O, or one of B, I with - and a type \(IOB2\)/);
    for (const label of ["", "B-", "Ba", "O-a", "S-a", 5])
      expect(() => call(["O", label])).toThrowError(/taggingConstraints: label .* at 1/);
    for (const scheme of ["IOB1", "toString", undefined]) {
      expect(() => taggingConstraints(["O"], scheme as TaggingScheme)).toThrowError(/scheme .*, wants "IOB2", "IOBES" or "BILOU"/);
    }
    expect(taggingConstraints(["B-a-b", "I-a-b", "I-a"], "IOB2").transitions[0]).toEqual([true, true, false]);
  });
});
