/** Each wrong call of a CRF: a RecurraError that names argument, value and wish. */
import { afterAll, expect, test } from "vitest";
import { createEngine, type ErrorCode, isRecurraError, tensor, zeros } from "../../src/index.js";
import { CRF, taggingConstraints } from "../../src/layers/index.js";

const engine = await createEngine({ seed: 1 });
const other = await createEngine({ seed: 1 });
afterAll(() => {
  engine.dispose();
  other.dispose();
});

const crf = new CRF(engine, { numTags: 3 });
const z = (...shape: number[]) => zeros(engine, shape);
const tagsOf = (...shape: number[]) => zeros(engine, shape, "i32");

const CALLS: readonly [name: string, code: ErrorCode, message: RegExp, call: () => unknown][] = [
  ["tags of CRF", "shape", /CRF\.loss: emissions have shape \[2, 4, 5\], wants \[B, T, 3\]/, () => crf.loss(z(2, 4, 5), tagsOf(2, 4))],
  ["rank of emissions", "shape", /CRF\.decode: emissions have shape \[4, 3\], wants \[B, T, 3\]/, () => crf.decode(z(4, 3))],
  [
    "no steps",
    "shape",
    /CRF\.marginals: emissions have shape \[2, 0, 3\], wants \[B, T, 3\] with T from 1/,
    () => crf.marginals(z(2, 0, 3)),
  ],
  ["dtype of emissions", "shape", /CRF\.decode: emissions has dtype i32, wants f32/, () => crf.decode(zeros(engine, [1, 1, 3], "i32"))],
  ["shape of tags", "shape", /CRF\.loss: tags have shape \[4, 2\], wants \[2, 4\] as/, () => crf.loss(z(2, 4, 3), tagsOf(4, 2))],
  ["dtype of tags", "shape", /CRF\.score: tags has dtype f32, wants i32/, () => crf.score(z(2, 4, 3), z(2, 4))],
  [
    "a tag that is none",
    "index",
    /CRF\.loss: tag 3 at row 0, step 1, wants one from 0 to 2/,
    () => crf.loss(z(1, 2, 3), tensor(engine, Int32Array.of(0, 3), [1, 2])),
  ],
  [
    "a negative tag",
    "index",
    /CRF\.score: tag -100 at row 1, step 0/,
    () => crf.score(z(2, 1, 3), tensor(engine, Int32Array.of(0, -100), [2, 1])),
  ],
  [
    "length of a row",
    "index",
    /CRF\.decode: length 0 at row 1, wants a whole number from 1 to 4/,
    () => crf.decode(z(2, 4, 3), { lengths: [4, 0] }),
  ],
  ["lengths of other rows", "shape", /CRF\.kBest: 1 lengths, wants 2/, () => crf.kBest(z(2, 4, 3), 2, { lengths: [4] })],
  ["paths of kBest", "config", /CRF\.kBest: k 0, wants a whole number from 1/, () => crf.kBest(z(1, 1, 3), 0)],
  ["more paths than fit", "memory", /CRF\.kBest: 1000000000 paths into each of 3 tags/, () => crf.kBest(z(1, 1, 3), 1e9)],
  [
    "reduction of CRF",
    "config",
    /CRF\.loss: reduction "token_mean", wants "mean", "sum", "none" or "tokenMean"/,
    () => crf.loss(z(1, 1, 3), tagsOf(1, 1), { reduction: "token_mean" as never }),
  ],
  ["unknown option of loss", "config", /CRF\.loss: unknown option mask/, () => crf.loss(z(1, 1, 3), tagsOf(1, 1), { mask: 1 } as never)],
  [
    "unknown option of decode",
    "config",
    /CRF\.decode: unknown option length, wants lengths/,
    () => crf.decode(z(1, 1, 3), { length: [1] } as never),
  ],
  ["number of tags", "config", /CRF: numTags 0, wants a whole number from 1/, () => new CRF(engine, { numTags: 0 })],
  [
    "constraints of other labels",
    "config",
    /CRF: constraints\.start of another size or kind, wants true or false for 3 tags/,
    () => new CRF(engine, { numTags: 3, constraints: taggingConstraints(["O", "B"], "IOB2") }),
  ],
  [
    "constraints that are no matrix",
    "config",
    /CRF: constraints\.transitions of another size or kind/,
    () => new CRF(engine, { numTags: 1, constraints: { start: [true], end: [true], transitions: [] } }),
  ],
  [
    "constraints without any",
    "config",
    /CRF: constrainTraining true without constraints/,
    () => new CRF(engine, { numTags: 3, constrainTraining: true }),
  ],
  ["a CRF of another engine", "state", /CRF\.decode: tensors of two engines/, () => crf.decode(zeros(other, [1, 1, 3]))],
  ["tags of another engine", "state", /CRF\.loss: tensors of two engines/, () => crf.loss(z(1, 1, 3), zeros(other, [1, 1], "i32"))],
];

test.each(CALLS)("%s is refused with a %s error", (_, code, message, call) => {
  let caught: unknown;
  try {
    call();
  } catch (error) {
    caught = error;
  }
  expect(isRecurraError(caught, code), `got ${String(caught)}`).toBe(true);
  expect((caught as Error).message).toMatch(message);
});
