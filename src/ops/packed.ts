/** Weights as the second operand of a product, packed once per version (see packB). */
import type { Engine } from "../engine/engine.js";
import type { Ptr } from "../engine/kernels.js";
import type { Pack } from "../engine/storage.js";
import type { Tensor } from "../tensor/tensor.js";

/** A matrix inside a tensor, from element `offset` on. */
export interface MatrixOperand {
  readonly tensor: Tensor;
  readonly offset: number;
  /** Sizes of op(B): k rows, n columns. */
  readonly k: number;
  readonly n: number;
  readonly ld: number;
  readonly transposed: 0 | 1;
}

/** A packed operand that is asked for again and again: looks at the version alone, where packOperand has to find its pack. */
export class PackedOperand {
  #pack: Pack | null = null;

  constructor(
    private readonly engine: Engine,
    private readonly where: string,
    private readonly operand: MatrixOperand,
  ) {}

  /** Packs anew when the tensor was written. */
  address(): Ptr {
    const { tensor } = this.operand;
    if (this.#pack !== null && this.#pack.version === tensor.storage.version && tensor.storage.alive) return this.#pack.ptr;
    const ptr = packOperand(this.engine, this.where, this.operand);
    const { lease } = tensor.storage;
    this.#pack = lease === null ? null : (lease.packs.get(keyOf(this.operand)) ?? null);
    return ptr;
  }
}

const keyOf = ({ offset, k, n, ld, transposed }: MatrixOperand): string => `${transposed}/${offset}/${k}/${n}/${ld}`;

/** Address of the packed operand: kept with a persistent tensor and packed again when that was written; scratch for one of a step. */
export function packOperand(engine: Engine, where: string, operand: MatrixOperand): Ptr {
  const { tensor, offset, k, n, ld, transposed } = operand;
  const ptr = tensor.address(where) + offset * 4;
  const bytes = k * Math.ceil(n / 8) * 8 * 4;
  const { lease, version } = tensor.storage;
  if (lease === null) {
    const scratch = engine.scratch(bytes);
    engine.kernels.packB(scratch, ptr, k, n, ld, transposed);
    return scratch;
  }
  const pack = engine.packFor(lease, keyOf(operand), bytes);
  if (pack.version !== version) {
    engine.kernels.packB(pack.ptr, ptr, k, n, ld, transposed);
    pack.version = version;
  }
  return pack.ptr;
}
