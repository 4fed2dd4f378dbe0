/**
 * The gradients of one backward(): gathered in the step's memory, and added to `grad` of the leaves at the end. That of a leaf without `grad`
 * is gathered in the memory that its gradients have, for nobody sees it before the end.
 */
import type { Engine } from "../engine/engine.js";
import type { Ptr } from "../engine/kernels.js";
import { ShapeError } from "../errors.js";
import { type RowPart, RowSparse, sumRows } from "./row-sparse.js";
import { sameShape, show } from "./shape.js";
import { Tensor } from "./tensor.js";

/** What an operation's backward pass sees. Addresses are valid until it returns. */
export interface BackwardContext {
  readonly engine: Engine;
  /** Nothing reads what the operation kept after this: its memory may be written to, if the entry is marked as freed before. */
  readonly consumes: boolean;
  /** Gradient of an output, 0 when nothing flowed into it. */
  gradOf(output: Tensor): Ptr;
  /** Where the gradient of an input goes (out = beta·out + gradient), or null when none is wanted. */
  into(input: Tensor): { readonly ptr: Ptr; readonly beta: number } | null;
  /** Takes rows of an input's gradient, which stays row-sparse; false where it is dense already, or no leaf's, and into() has to be used. */
  addRows(input: Tensor, part: RowPart): boolean;
  /** Scratch memory until the step ends. */
  scratch(elements: number): Ptr;
}

export class Gradients implements BackwardContext {
  readonly #slots = new Map<Tensor, Tensor>();
  /** Rows of leaves that are row-sparse so far, in the order they came. */
  readonly #parts = new Map<Tensor, RowPart[]>();

  /** @param commits whether commit() will follow; else the leaves' memory is left alone */
  constructor(
    readonly engine: Engine,
    private readonly commits: boolean,
    readonly consumes: boolean,
  ) {}

  seed(loss: Tensor): void {
    const slot = this.#newSlot(loss);
    this.engine.memory.f32[slot.address("backward") >>> 2] = 1;
  }

  has(tensor: Tensor): boolean {
    return this.#slots.has(tensor);
  }

  /** The gradient of a tensor, in the step's memory; null when none flowed into it. */
  denseOf(tensor: Tensor): Tensor | null {
    if (this.#parts.has(tensor)) this.into(tensor);
    return this.#slots.get(tensor) ?? null;
  }

  gradOf(output: Tensor): Ptr {
    return this.#slots.get(output)?.address("backward") ?? 0;
  }

  into(input: Tensor): { ptr: Ptr; beta: number } | null {
    if (!input.requiresGrad) return null;
    const slot = this.#slots.get(input);
    if (slot !== undefined) return { ptr: slot.address("backward"), beta: 1 };
    const ptr = this.#newSlot(input).address("backward");
    const parts = this.#parts.get(input);
    if (parts === undefined) return { ptr, beta: 0 };
    this.#parts.delete(input);
    const [{ kernels, memory }, dim] = [this.engine, input.shape[1]!];
    memory.f32.fill(0, ptr >>> 2, (ptr >>> 2) + input.size);
    for (const { values, ids, count, skip } of parts) kernels.scatterAddRows(ptr, values, ids, count, dim, dim, skip);
    return { ptr, beta: 1 };
  }

  addRows(input: Tensor, part: RowPart): boolean {
    if (!input.requiresGrad) return true;
    if (input.source !== null || this.#slots.has(input)) return false;
    const parts = this.#parts.get(input);
    if (parts === undefined) this.#parts.set(input, [part]);
    else parts.push(part);
    return true;
  }

  scratch(elements: number): Ptr {
    return this.engine.scratch(elements * 4);
  }

  /** Adds the gradients of leaves to their `grad`. Checks and allocation come first: after them nothing can fail. */
  commit(): void {
    for (const leaf of this.#parts.keys()) if (leaf.grad instanceof Tensor) this.into(leaf);
    const leaves = [...this.#slots].filter(([tensor]) => tensor.source === null);
    const commits = [
      ...leaves.map(([leaf, slot]) => this.#addDense(leaf, slot)),
      ...Array.from(this.#parts, ([leaf, parts]) => this.#addSparse(leaf, parts)),
    ];
    for (const commit of commits) commit();
  }

  #addDense(leaf: Tensor, slot: Tensor): () => void {
    const { engine } = this;
    const { grad, gradMemory: kept } = leaf;
    if (grad !== null && !sameShape(grad.shape, leaf.shape)) {
      throw new ShapeError(`backward: grad has shape ${show(grad.shape)}, wants the tensor's own ${show(leaf.shape)}`);
    }
    const target = kept instanceof Tensor && kept.storage.alive ? kept : this.#memoryFor(leaf);
    const [to, from] = [target.address("backward"), slot.address("backward")];
    // A gradient that someone set, or a row-sparse one of before, becomes the dense one that is added to.
    const before = grad === null || grad === target ? null : grad.data();
    return () => {
      if (target !== slot) {
        if (before !== null) engine.memory.f32.set(before, to >>> 2);
        engine.kernels.axpby(to, from, leaf.size, 1, grad === null ? 0 : 1);
      }
      if (kept instanceof RowSparse) kept.dispose();
      leaf.grad = target;
      leaf.gradMemory = target;
    };
  }

  #addSparse(leaf: Tensor, parts: readonly RowPart[]): () => void {
    const { engine } = this;
    const { grad, gradMemory: kept, shape } = leaf;
    let sum = sumRows(engine, shape, parts);
    if (grad instanceof RowSparse) {
      const fresh = sum.write(engine.allocate(sum.bytes, "backward"));
      const total = sumRows(engine, shape, [grad.part, fresh.part]);
      const { storage, count } = total.write(engine.allocate(total.bytes, "backward"));
      sum = { bytes: total.bytes, write: (to) => new RowSparse(engine, shape, count, engine.persist(storage, "backward", to)) };
    }
    // Batches differ in their number of rows: a quarter more than now, so that memory soon stays as it is.
    const room = Math.min(Math.ceil(sum.bytes * 1.25), shape[0]! * (shape[1]! + 1) * 4);
    const storage =
      kept instanceof RowSparse && kept.storage.alive && kept.storage.bytes >= sum.bytes
        ? kept.storage
        : leaf.storage.lease === null
          ? engine.allocate(sum.bytes, "backward")
          : engine.allocatePersistent(room, "backward");
    return () => {
      leaf.grad = leaf.gradMemory = sum.write(storage);
      if (kept !== null && kept.storage !== storage) kept.dispose();
    };
  }

  #newSlot(tensor: Tensor): Tensor {
    const { engine } = this;
    const { source, grad, gradMemory: kept, shape, size } = tensor;
    let slot: Tensor;
    if (this.commits && source === null && grad === null && !(kept instanceof RowSparse)) {
      slot = kept?.storage.alive ? kept : this.#memoryFor(tensor);
      tensor.gradMemory = slot;
    } else slot = new Tensor(engine, shape, "f32", engine.allocate(size * 4, "backward"));
    this.#slots.set(tensor, slot);
    return slot;
  }

  /** Memory for the gradient of a leaf, which lives as long as the leaf. */
  #memoryFor({ shape, size, storage }: Tensor): Tensor {
    const { engine } = this;
    const own = storage.lease === null ? engine.allocate(size * 4, "backward") : engine.allocatePersistent(size * 4, "backward");
    return new Tensor(engine, shape, "f32", own);
  }
}
