/** Starting from the weights of another model. */
import { ConfigError, ShapeError } from "../errors.js";
import type { Module } from "../nn/module.js";
import { sameShape, show } from "../tensor/shape.js";
import type { StateEntry } from "../tensor/state.js";
import type { Tensor } from "../tensor/tensor.js";

/** What the rows of a tensor stand for, there and here: tokens or labels; numbers for ids without a text. */
export interface RowNames {
  readonly from: readonly (string | number)[];
  readonly to: readonly (string | number)[];
  /** Axes that these names run along. Default [0]. */
  readonly axes?: readonly number[];
  /** Name of the file's tensor. Default the parameter's. */
  readonly source?: string;
}

/** By the parameter's name; null for one that has nothing to do with what the file calls so. */
export type Rows = Readonly<Record<string, RowNames | null>>;

/** Names of parameters by what became of them. */
export interface Initialised {
  readonly copied: string[];
  /** Those with rows that keep their fresh start. */
  readonly partly: string[];
  readonly fresh: string[];
}

/**
 * Copies what a model file has into a new network: tensors of the same name and shape, and of those with named rows (embeddings by token,
 * output layers by label) the rows that both have. All else keeps its fresh start.
 * @param rows by the parameter's name
 * @throws ConfigError when nothing fits; ShapeError when the names of rows are not as many as the rows; nothing was changed then
 */
export function initialiseFrom(network: Module, tensors: ReadonlyMap<string, StateEntry>, rows: Rows = {}): Initialised {
  const done = { copied: [] as string[], partly: [] as string[], fresh: [] as string[] };
  const values: { parameter: Tensor; elements: ArrayLike<number> }[] = [];
  for (const [name, parameter] of network.namedParameters()) {
    const own = rows[name];
    const source = own === null ? undefined : tensors.get(own?.source ?? name);
    const mapped = source !== undefined && own ? mapRows(name, parameter, source, own) : undefined;
    if (mapped !== undefined) {
      values.push({ parameter, elements: mapped.elements });
      done[mapped.whole ? "copied" : "partly"].push(name);
    } else if (source !== undefined && own === undefined && sameShape(source.shape, parameter.shape)) {
      values.push({ parameter, elements: source.data });
      done.copied.push(name);
    } else done.fresh.push(name);
  }
  if (values.length === 0) {
    throw new ConfigError(`init: none of the file's ${tensors.size} tensors fits, wants some of ${done.fresh.join(", ")} in these shapes`);
  }
  for (const { parameter, elements } of values) parameter.assign(elements);
  return done;
}

/** The parameter's values with those rows of the source that it has too; undefined where the other axes differ. */
function mapRows(name: string, parameter: Tensor, { shape, data }: StateEntry, { from, to, axes = [0] }: RowNames) {
  if (shape.length !== parameter.rank || shape.some((extent, axis) => !axes.includes(axis) && extent !== parameter.shape[axis]))
    return undefined;
  for (const axis of axes) {
    if (shape[axis] !== from.length || parameter.shape[axis] !== to.length) {
      throw new ShapeError(
        `init: ${name} goes from shape ${show(shape)} to ${show(parameter.shape)}, wants ${from.length} and ${to.length} rows on axis ${axis}, as their names`,
      );
    }
  }
  const places = new Map(from.map((row, i) => [row, i]));
  const moved = to.map((row) => places.get(row) ?? -1);
  const elements = parameter.data() as Float32Array;
  let whole = true;
  // The index of each element, taken apart from the last axis to the first.
  for (let i = 0; i < elements.length; i++) {
    let [rest, at, stride] = [i, 0, 1];
    for (let axis = shape.length - 1; axis >= 0 && at >= 0; axis--) {
      const index = rest % parameter.shape[axis]!;
      rest = (rest - index) / parameter.shape[axis]!;
      const place = axes.includes(axis) ? moved[index]! : index;
      at = place < 0 ? -1 : at + place * stride;
      stride *= shape[axis]!;
    }
    if (at >= 0) elements[i] = data[at]!;
    else whole = false;
  }
  return { elements, whole };
}

/**
 * The parameters that training leaves alone, by prefixes of their names ("embedding.", "encoder.weight_ih_l0").
 * @throws ConfigError when a prefix is that of none
 */
export function frozenParameters(where: string, network: Module, prefixes: readonly string[]): Set<Tensor> {
  const named = [...network.namedParameters()];
  for (const prefix of prefixes) {
    if (!named.some(([name]) => name.startsWith(prefix)))
      throw new ConfigError(
        `${where}: freeze ${JSON.stringify(prefix)}, wants the start of one of ${named.map(([name]) => name).join(", ")}`,
      );
  }
  return new Set(named.filter(([name]) => prefixes.some((prefix) => name.startsWith(prefix))).map(([, parameter]) => parameter));
}
