/** Likelihood of tags under a linear-chain CRF, with its gradient, and marginals. Lafferty, McCallum and Pereira 2001. */
import type { Engine } from "../../engine/engine.js";
import type { Ptr } from "../../engine/kernels.js";
import { IndexError, ShapeError, StateError } from "../../errors.js";
import { sameShape, show } from "../../tensor/shape.js";
import { type Backward, isRecording, record } from "../../tensor/tape.js";
import { checkDType, empty, sameEngine, type Tensor } from "../../tensor/tensor.js";
import { type ChainAddresses, type ChainScores, checkEmissions, padded, placeChain } from "./chain.js";

/**
 * @param allowed scores of which those that are -Infinity forbid, or null
 * @throws ShapeError unless the tags are i32 [B, T]; IndexError on one within a row's steps that is no tag, or is forbidden there
 */
export function checkTags(where: string, tags: Tensor, emissions: Tensor, steps: readonly number[], allowed: ChainScores | null): void {
  const { i32 } = sameEngine(where, emissions, tags).memory;
  checkDType(where, "tags", tags, "i32");
  const [, time, count] = emissions.shape as [number, number, number];
  const wanted = emissions.shape.slice(0, 2);
  if (!sameShape(tags.shape, wanted))
    throw new ShapeError(`${where}: tags have shape ${show(tags.shape)}, wants ${show(wanted)} as the emissions`);
  const start = tags.address(where) >>> 2;
  for (const [row, length] of steps.entries()) {
    for (let t = 0, at = start + row * time; t < length; t++, at++) {
      const tag = i32[at]!;
      if (tag < 0 || tag >= count) throw new IndexError(`${where}: tag ${tag} at row ${row}, step ${t}, wants one from 0 to ${count - 1}`);
      if (allowed === null) continue;
      const move = t === 0 ? allowed.start[tag]! : allowed.transitions[i32[at - 1]! * count + tag]!;
      if (move + (t === length - 1 ? allowed.end[tag]! : 0) < 0) {
        const place = t === 0 ? "first" : `after tag ${i32[at - 1]}`;
        throw new IndexError(`${where}: tag ${tag} ${place} at row ${row}, step ${t} of ${length}, wants one that the constraints allow`);
      }
    }
  }
}

/** Rows as they were run, for the gradient. */
interface Rows {
  readonly emissions: Tensor;
  readonly tags: Tensor | null;
  readonly steps: readonly number[];
  readonly chain: ChainAddresses;
  /** [B, T, K], padded: what the forward kernel leaves for the backward one. */
  readonly lse: Ptr;
  readonly work: Ptr;
}

/** Visits each row with the addresses of its emissions and of the rows of tags (0: none) and lse that go with it. */
function eachRow(
  { emissions, tags, steps, lse }: Rows,
  visit: (row: number, length: number, emissions: Ptr, tags: Ptr, lse: Ptr) => void,
): void {
  const [, time, count] = emissions.shape as [number, number, number];
  const [from, own] = [emissions.address("CRF"), tags?.address("CRF") ?? 0];
  steps.forEach((length, row) => {
    const first = row * time * 4;
    visit(row, length, from + first * count, own === 0 ? 0 : own + first, lse + first * padded(count));
  });
}

/** Runs the forward kernel over all rows, in scratch memory. @param values where the rows' values go, f32 [B], or 0 */
function forwardRows(emissions: Tensor, tags: Tensor | null, scores: ChainScores, steps: readonly number[], values: Ptr): Rows {
  const { engine } = emissions;
  const [batch, time, count] = emissions.shape as [number, number, number];
  const chain = placeChain(engine, scores);
  const { start, transitions, end } = chain;
  const bytes = padded(count) * 4;
  const [lse, work] = [engine.scratch(batch * time * bytes), engine.scratch(3 * bytes + 16)];
  const rows: Rows = { emissions, tags, steps, chain, lse, work };
  eachRow(rows, (row, length, from, own, kept) => {
    const value = engine.kernels.crf(kept, from, own, start, transitions, end, work, length, count);
    if (values !== 0) engine.memory.f32[(values >>> 2) + row] = value;
  });
  return rows;
}

const zeroFill = (engine: Engine, ptr: Ptr, size: number): void => void engine.memory.f32.fill(0, ptr >>> 2, (ptr >>> 2) + size);

/** Adds each row's gradient, times coef(row), to that of the emissions; returns those of the scores, padded as they are. */
function backwardRows(rows: Rows, dEmissions: Ptr, coef: (row: number) => number): ChainAddresses {
  const { emissions, work } = rows;
  const { start, transitions, end } = rows.chain;
  const { engine, shape } = emissions;
  const [first, count] = [emissions.address("CRF"), shape[2]!];
  const zeros = (size: number): Ptr => {
    const ptr = engine.scratch(size * 4);
    zeroFill(engine, ptr, size);
    return ptr;
  };
  const d: ChainAddresses = { start: zeros(count), transitions: zeros(count * padded(count)), end: zeros(count * padded(1)) };
  eachRow(rows, (row, length, from, own, lse) => {
    const into = [dEmissions + from - first, d.transitions, d.start, d.end] as const;
    engine.kernels.crfGrad(...into, lse, from, own, start, transitions, end, work, length, count, coef(row));
  });
  return d;
}

/** @throws StateError on an engine of recurra/infer, whose kernels are those of decoding */
function checkEngine(where: string, engine: Engine): void {
  if (engine.kernels.crf === undefined)
    throw new StateError(`${where}: an engine of recurra/infer decodes only, wants one of the training entry`);
}

/**
 * log(sum over all paths of exp(score)) of each row, less the score of its tags when there are some: their negative log-likelihood.
 * @param parameters start, transitions, end: into which the gradient flows @param scores their values, what is forbidden in them
 * @param allowed as checkTags has it
 * @returns f32 [B]
 */
export function crf(
  where: string,
  emissions: Tensor,
  tags: Tensor | null,
  parameters: readonly Tensor[],
  scores: ChainScores,
  lengths: ArrayLike<number> | undefined,
  allowed: ChainScores | null,
): Tensor {
  const inputs = [emissions, ...parameters];
  const engine = sameEngine(where, emissions, ...parameters);
  checkEngine(where, engine);
  const { steps } = checkEmissions(where, emissions, scores.end.length, lengths);
  if (tags !== null) checkTags(where, tags, emissions, steps, allowed);
  emissions.address(where);
  const values = empty(engine, [steps.length], "f32", where);
  const run = () => forwardRows(emissions, tags, scores, steps, values.address(where));
  if (isRecording(engine, inputs)) record("crf", inputs, [values], run());
  else engine.scoped(run);
  return values;
}

export const crfBackward: Backward = (context, { inputs, outputs, saved }) => {
  const { engine } = context;
  const [emissions, start, transitions, end] = inputs as readonly [Tensor, Tensor, Tensor, Tensor];
  const slot = context.into(emissions);
  const dEmissions = slot?.ptr ?? context.scratch(emissions.size);
  if (slot?.beta !== 1) zeroFill(engine, dEmissions, emissions.size);
  const dy = context.gradOf(outputs[0]!) >>> 2;
  const d = backwardRows(saved as Rows, dEmissions, (row) => engine.memory.f32[dy + row]!);
  const give = (parameter: Tensor, from: Ptr, rows: number) => {
    const into = context.into(parameter);
    if (into === null) return;
    const cols = parameter.size / rows;
    const move = into.beta === 0 ? engine.kernels.copyStrided : engine.kernels.addStrided;
    move(into.ptr, from, rows, cols, cols, 1, padded(cols), 1);
  };
  give(start, d.start, 1);
  give(transitions, d.transitions, start.size);
  give(end, d.end, start.size);
};

/**
 * Probability of each tag at each step, given the row's emissions: the gradient of the log of the sum over all paths.
 * @returns f32 [B, T, K], 0 past a row's steps
 */
export function crfMarginals(where: string, emissions: Tensor, scores: ChainScores, lengths: ArrayLike<number> | undefined): Tensor {
  const { engine } = emissions;
  checkEngine(where, engine);
  const { steps } = checkEmissions(where, emissions, scores.end.length, lengths);
  emissions.address(where);
  const marginals = empty(engine, emissions.shape, "f32", where);
  engine.scoped(() => {
    const rows = forwardRows(emissions, null, scores, steps, 0);
    zeroFill(engine, marginals.address(where), marginals.size);
    backwardRows(rows, marginals.address(where), () => 1);
  });
  return marginals;
}
