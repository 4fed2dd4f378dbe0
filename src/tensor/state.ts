/** State dictionaries: values by name, and their way into tensors. */
import { FormatError, ShapeError } from "../errors.js";
import { sameShape, show } from "./shape.js";
import type { Tensor } from "./tensor.js";

/** Values of a tensor on their way in: what io/safetensors reads. */
export interface StateEntry {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

export type StateDict = ReadonlyMap<string, Tensor>;
export type StateSource = ReadonlyMap<string, StateEntry | Tensor>;

/**
 * Copies values into the tensors of the same names. A tensor with several names (tied) wants one of them.
 * @throws FormatError naming missing and unexpected keys; ShapeError on a size mismatch; nothing was changed then
 */
export function assignState(where: string, own: StateDict, source: StateSource): void {
  const present = [...own].filter(([name]) => source.has(name));
  const reached = new Set(present.map(([, tensor]) => tensor));
  const missing = [...own].flatMap(([name, tensor]) => (reached.has(tensor) ? [] : [name]));
  const unexpected = [...source.keys()].filter((name) => !own.has(name));
  if (missing.length + unexpected.length > 0) {
    const list = (names: string[]) => (names.length === 0 ? "none" : names.join(", "));
    throw new FormatError(`${where}: missing keys: ${list(missing)}; unexpected keys: ${list(unexpected)}; wants exactly its own`);
  }
  const values = present.map(([name, tensor]) => {
    const { shape, data } = source.get(name)!;
    if (!sameShape(shape, tensor.shape)) throw new ShapeError(`${where}: ${name} has shape ${show(shape)}, wants ${show(tensor.shape)}`);
    const elements = typeof data === "function" ? data.call(source.get(name)) : data;
    if (elements.length !== tensor.size) throw new ShapeError(`${where}: ${name} has ${elements.length} values, wants ${tensor.size}`);
    return { tensor, elements };
  });
  for (const { tensor, elements } of values) tensor.assign(elements);
}
