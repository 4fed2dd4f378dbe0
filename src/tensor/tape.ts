/**
 * The tape: operations in the order they ran. backward() walks it in reverse; each operation's gradient stands beside its
 * forward pass in src/ops and is found by name, so that the forward pass alone can be imported without it.
 */
import type { Engine, StepHook } from "../engine/engine.js";
import type { Ptr } from "../engine/kernels.js";
import { ShapeError, StateError } from "../errors.js";
import { show } from "./shape.js";
import { type TapeEntry, Tensor } from "./tensor.js";

/** What an operation's backward pass sees. Addresses are valid until it returns. */
export interface BackwardContext {
  readonly engine: Engine;
  /** Gradient of an output, 0 when nothing flowed into it. */
  gradOf(output: Tensor): Ptr;
  /** Where the gradient of an input goes (out = beta·out + gradient), or null when none is wanted. */
  into(input: Tensor): { readonly ptr: Ptr; readonly beta: number } | null;
  /** Scratch memory until the step ends. */
  scratch(elements: number): Ptr;
}

/** What a new parameter starts as. */
export type Initialiser =
  | { readonly kind: "zeros" }
  | { readonly kind: "uniform"; readonly low: number; readonly high: number }
  | { readonly kind: "normal"; readonly mean: number; readonly std: number };

/** Fills a new parameter, which holds zeros. */
export type Initialise = (parameter: Tensor, initialiser: Initialiser) => void;

export type Backward = (context: BackwardContext, entry: TapeEntry) => void;

export class Tape implements StepHook {
  readonly #entries: TapeEntry[] = [];
  #paused = 0;

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
    return this.#paused === 0;
  }

  record(entry: TapeEntry): void {
    this.#entries.push(entry);
  }

  withoutRecording<T>(fn: () => T): T {
    this.#paused++;
    try {
      return fn();
    } finally {
      this.#paused--;
    }
  }

  /** The entries in the order they ran. */
  entries(): readonly TapeEntry[] {
    return this.#entries;
  }
}

const tapeOf = (engine: Engine): Tape | null => engine.tape as Tape | null;

/** How new parameters are filled: not at all without the training entry. */
export const initialiserOf = (engine: Engine): Initialise | null => tapeOf(engine)?.initialise ?? null;

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
  return tape === null ? fn() : tape.withoutRecording(fn);
}

export interface BackwardOptions {
  /** Keep the recorded operations, so that backward() can run again. Default false. */
  readonly retainGraph?: boolean;
}

/**
 * Back-propagation: adds d loss / d leaf to `grad` of every leaf that requires it. Gradients are gathered in the step's memory
 * and committed at the end, so that a failed call changes nothing.
 * @param loss one element
 * @throws ShapeError when the loss has more elements; StateError outside a step, without a history, or the second time
 */
export function backward(loss: Tensor, { retainGraph = false }: BackwardOptions = {}): void {
  const { engine } = loss;
  const tape = tapeOf(engine);
  if (loss.size !== 1) throw new ShapeError(`backward: loss has ${loss.size} elements (shape ${show(loss.shape)}), wants 1`);
  if (tape === null) throw new StateError("backward: recurra/infer has no tape, wants an engine of the training entry");
  if (!engine.inStep) throw new StateError("backward: called outside a step, wants to run inside engine.step");
  loss.address("backward");
  if (loss.source?.freed) throw new StateError("backward: called again on a graph already freed, wants retainGraph: true the first time");
  if (loss.source === null)
    throw new StateError("backward: loss has no history, wants a result computed in this step from a tensor that requires a gradient");

  const gradients = new Gradients(engine);
  gradients.seed(loss);
  const walked: TapeEntry[] = [];
  tape.withoutRecording(() => {
    const entries = tape.entries();
    for (let i = entries.indexOf(loss.source!); i >= 0; i--) {
      const entry = entries[i]!;
      if (!entry.outputs.some((output) => gradients.has(output))) continue;
      checkHistory(entry);
      const step = tape.backwards[entry.op];
      if (step === undefined) throw new StateError(`backward: operation ${entry.op} has no gradient in this build, wants one in the table`);
      step(gradients, entry);
      walked.push(entry);
    }
  });
  gradients.commit();
  if (!retainGraph) for (const entry of walked) entry.freed = true;
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

class Gradients implements BackwardContext {
  readonly #slots = new Map<Tensor, Tensor>();

  constructor(readonly engine: Engine) {}

  seed(loss: Tensor): void {
    const slot = this.#newSlot(loss);
    this.engine.memory.f32[slot.address("backward") >>> 2] = 1;
  }

  has(tensor: Tensor): boolean {
    return this.#slots.has(tensor);
  }

  gradOf(output: Tensor): Ptr {
    return this.#slots.get(output)?.address("backward") ?? 0;
  }

  into(input: Tensor): { ptr: Ptr; beta: number } | null {
    if (!input.requiresGrad) return null;
    const slot = this.#slots.get(input);
    if (slot !== undefined) return { ptr: slot.address("backward"), beta: 1 };
    return { ptr: this.#newSlot(input).address("backward"), beta: 0 };
  }

  scratch(elements: number): Ptr {
    return this.engine.scratch(elements * 4);
  }

  /** Adds the gradients of leaves to their `grad`. Allocation comes first: after it nothing can fail. */
  commit(): void {
    const leaves = [...this.#slots].filter(([tensor]) => tensor.source === null);
    const targets = leaves.map(([leaf, slot]) => {
      const kept = leaf.gradMemory;
      if (kept?.storage.alive) return kept;
      return leaf.storage.lease === null
        ? slot
        : new Tensor(this.engine, leaf.shape, "f32", this.engine.allocatePersistent(leaf.size * 4, "backward"));
    });
    leaves.forEach(([leaf, slot], i) => {
      const target = targets[i]!;
      if (target !== slot) {
        const beta = leaf.grad === null ? 0 : 1;
        this.engine.kernels.axpby(target.address("backward"), slot.address("backward"), leaf.size, 1, beta);
      }
      leaf.grad = target;
      leaf.gradMemory = target;
    });
  }

  #newSlot(tensor: Tensor): Tensor {
    const slot = new Tensor(this.engine, tensor.shape, "f32", this.engine.allocate(tensor.size * 4, "backward"));
    this.#slots.set(tensor, slot);
    return slot;
  }
}
