/**
 * The tape: operations in the order they ran. backward() walks it in reverse; each operation's gradient stands beside its
 * forward pass in src/ops and is found by name, so that the forward pass alone can be imported without it.
 */
import type { Engine, StepHook } from "../engine/engine.js";
import { ShapeError, StateError } from "../errors.js";
import { type BackwardContext, Gradients } from "./gradients.js";
import { show } from "./shape.js";
import type { TapeEntry, Tensor } from "./tensor.js";

export type { BackwardContext } from "./gradients.js";

/** What a new parameter that is drawn starts as. */
type RandomInitialiser =
  | { readonly kind: "uniform"; readonly low: number; readonly high: number }
  | { readonly kind: "normal"; readonly mean: number; readonly std: number };

/** What a new parameter starts as. */
export type Initialiser = { readonly kind: "zeros" } | RandomInitialiser;

/** Fills a new parameter, whatever its memory holds. */
export type Initialise = (parameter: Tensor, initialiser: RandomInitialiser) => void;

export type Backward = (context: BackwardContext, entry: TapeEntry) => void;

/** Whether a function that was entered is running still; they nest. */
class Within {
  #depth = 0;

  get active(): boolean {
    return this.#depth > 0;
  }

  run<T>(fn: () => T): T {
    this.#depth++;
    try {
      return fn();
    } finally {
      this.#depth--;
    }
  }
}

export class Tape implements StepHook {
  readonly #entries: TapeEntry[] = [];
  /** Nothing is recorded. */
  readonly paused = new Within();
  /** New parameters are zeros. */
  readonly blank = new Within();
  /** Someone reads what operations keep. */
  readonly watched = new Within();

  /** @param backwards gradients by operation @param initialise how parameters are filled */
  constructor(
    readonly backwards: Readonly<Record<string, Backward>>,
    readonly initialise: Initialise,
  ) {}

  mark(): number {
    return this.#entries.length;
  }

  reset(mark: number): void {
    for (const entry of this.#entries.splice(mark)) entry.freed = true;
  }

  get recording(): boolean {
    return !this.paused.active;
  }

  record(entry: TapeEntry): void {
    this.#entries.push(entry);
  }

  get initialiser(): Initialise | null {
    return this.blank.active ? null : this.initialise;
  }

  /** The entries in the order they ran. */
  entries(): readonly TapeEntry[] {
    return this.#entries;
  }
}

const tapeOf = (engine: Engine): Tape | null => engine.tape as Tape | null;

/** How new parameters are filled: not at all without the training entry, or within `blank`. */
export const initialiserOf = (engine: Engine): Initialise | null => tapeOf(engine)?.initialiser ?? null;

/** Runs `fn`, whose new parameters are zeros: for a model that is about to be given its weights. */
export function blank<T>(engine: Engine, fn: () => T): T {
  const tape = tapeOf(engine);
  return tape === null ? fn() : tape.blank.run(fn);
}

/** Whether an operation on these inputs will be recorded, so that it must save what its gradient reads. */
export function isRecording(engine: Engine, inputs: readonly Tensor[]): boolean {
  const tape = tapeOf(engine);
  return tape?.recording === true && engine.inStep && inputs.some((input) => input.requiresGrad);
}

/** Puts an operation on the tape when a gradient is wanted of one of its inputs. Returns the outputs' first for chaining. */
export function record(op: string, inputs: readonly Tensor[], outputs: readonly Tensor[], saved: unknown = null): Tensor {
  const first = outputs[0]!;
  if (isRecording(first.engine, inputs)) {
    const entry: TapeEntry = { op, inputs, outputs, saved, freed: false };
    for (const output of outputs) {
      output.requiresGrad = true;
      output.source = entry;
    }
    tapeOf(first.engine)!.record(entry);
  }
  return first;
}

/** Runs `fn` without recording: no gradient will flow through what it computes. */
export function noGrad<T>(engine: Engine, fn: () => T): T {
  const tape = tapeOf(engine);
  return tape === null ? fn() : tape.paused.run(fn);
}

/** Runs `fn` in the running step; where there is none in one of its own and without recording, so that what lies between is freed. */
export const withinStep = <T>(engine: Engine, fn: () => T): T => (engine.inStep ? fn() : engine.step(() => noGrad(engine, fn)));

export interface BackwardOptions {
  /** Keep the recorded operations, so that backward() can run again. Default false. */
  readonly retainGraph?: boolean;
}

/**
 * Back-propagation: adds d loss / d leaf to `grad` of every leaf that requires it. Gradients are gathered in the step's memory
 * and committed at the end, so that a failed call changes no `grad`.
 * @param loss one element
 * @throws ShapeError when the loss has more elements; StateError outside a step, without a history, or the second time
 */
export function backward(loss: Tensor, { retainGraph = false }: BackwardOptions = {}): void {
  const { gradients, walked } = walkBack("backward", loss, true, !retainGraph);
  gradients.commit();
  if (!retainGraph) for (const entry of walked) entry.freed = true;
}

/**
 * Gradients of a loss with respect to tensors, in the running step's memory; null where none flowed. Nobody's `grad` is touched and
 * the graph is kept. Throws as {@link backward}.
 */
export function gradientsOf(where: string, loss: Tensor, of: readonly Tensor[]): (Tensor | null)[] {
  const { gradients } = walkBack(where, loss, false, false);
  return of.map((tensor) => gradients.denseOf(tensor));
}

/** What `fn` recorded and what it returned; its operations stay on the tape until the running step ends, with all that they keep. */
export function recordedBy<T>(engine: Engine, fn: () => T): { result: T; entries: readonly TapeEntry[] } {
  const tape = tapeOf(engine);
  const mark = tape?.mark() ?? 0;
  const result = tape === null ? fn() : tape.watched.run(fn);
  return { result, entries: tape?.entries().slice(mark) ?? [] };
}

/** @param consumes whether the graph is of no use afterwards */
function walkBack(where: string, loss: Tensor, commits: boolean, consumes: boolean): { gradients: Gradients; walked: TapeEntry[] } {
  const { engine } = loss;
  const tape = tapeOf(engine);
  if (loss.size !== 1) throw new ShapeError(`${where}: loss has ${loss.size} elements (shape ${show(loss.shape)}), wants 1`);
  if (tape === null) throw new StateError(`${where}: recurra/infer has no tape, wants an engine of the training entry`);
  if (!engine.inStep) throw new StateError(`${where}: called outside a step, wants to run inside engine.step`);
  loss.address(where);
  if (loss.source?.freed) throw new StateError(`${where}: called again on a graph already freed, wants retainGraph: true the first time`);
  if (loss.source === null)
    throw new StateError(`${where}: loss has no history, wants a result computed in this step from a tensor that requires a gradient`);

  const gradients = new Gradients(engine, commits, consumes && !tape.watched.active);
  gradients.seed(loss);
  const walked: TapeEntry[] = [];
  tape.paused.run(() => {
    const entries = tape.entries();
    for (let i = entries.indexOf(loss.source!); i >= 0; i--) {
      const entry = entries[i]!;
      if (!entry.outputs.some((output) => gradients.has(output))) continue;
      checkHistory(entry);
      const step = tape.backwards[entry.op];
      if (step === undefined) throw new StateError(`${where}: operation ${entry.op} has no gradient in this build, wants one in the table`);
      step(gradients, entry);
      walked.push(entry);
    }
  });
  return { gradients, walked };
}

/** A gradient must not end silently where the operation that made an input is gone. */
function checkHistory({ op, inputs }: TapeEntry): void {
  const cut = inputs.find((input) => input.requiresGrad && input.source?.freed);
  if (cut === undefined) return;
  throw new StateError(
    `backward: an input of ${op} (shape ${show(cut.shape)}) was made by ${cut.source!.op}, already freed by its step or an earlier backward(), ` +
      "wants detach() or keep() to cut there, or retainGraph: true the first time",
  );
}
