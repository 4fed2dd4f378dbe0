/** Module: something with parameters, found by the names of its properties; state dictionaries as PyTorch's. */
import { FormatError, ShapeError } from "../errors.js";
import { Parameter } from "../ops/init.js";
import { sameShape, show } from "../tensor/shape.js";
import type { Tensor } from "../tensor/tensor.js";

/** Values of a tensor on their way in: what io/safetensors reads. */
export interface StateEntry {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

export type StateDict = ReadonlyMap<string, Tensor>;
export type StateSource = ReadonlyMap<string, StateEntry | Tensor>;

/** weightIhL0 -> weight_ih_l0 */
const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export abstract class Module {
  /** Parameters of this module itself, by state-dict name. By default every property that holds one. */
  protected *ownParameters(): Iterable<[string, Parameter]> {
    for (const [name, value] of Object.entries(this)) if (value instanceof Parameter) yield [snakeCase(name), value];
  }

  /** Modules inside this one. By default every property that holds one, or an array of them (`name.0`, `name.1`, …). */
  protected *ownModules(): Iterable<[string, Module]> {
    for (const [name, value] of Object.entries(this)) {
      if (value instanceof Module) yield [snakeCase(name), value];
      else if (Array.isArray(value))
        for (const [i, item] of value.entries()) if (item instanceof Module) yield [`${snakeCase(name)}.${i}`, item];
    }
  }

  /** Every parameter with its state-dict name. A parameter used twice (tied) comes under both names. */
  *namedParameters(prefix = ""): Iterable<[string, Parameter]> {
    for (const [name, parameter] of this.ownParameters()) yield [prefix + name, parameter];
    for (const [name, module] of this.ownModules()) yield* module.namedParameters(`${prefix}${name}.`);
  }

  /** This module, under the name `prefix`, and every module inside it: `encoder`, `layers.0`, … */
  *namedModules(prefix = ""): Iterable<[string, Module]> {
    yield [prefix, this];
    for (const [name, module] of this.ownModules()) yield* module.namedModules(prefix === "" ? name : `${prefix}.${name}`);
  }

  /** Every parameter once. */
  parameters(): Parameter[] {
    return [...new Set(Array.from(this.namedParameters(), ([, parameter]) => parameter))];
  }

  stateDict(): StateDict {
    return new Map(this.namedParameters());
  }

  /**
   * Copies values in by name. Of the names of a tied parameter one is enough.
   * @throws FormatError naming missing and unexpected keys; ShapeError on a size mismatch; nothing was changed then
   */
  loadStateDict(source: StateSource): void {
    const where = `${this.constructor.name}.loadStateDict`;
    const own = this.stateDict();
    const present = [...own].filter(([name]) => source.has(name));
    const reached = new Set(present.map(([, parameter]) => parameter));
    const missing = [...own].flatMap(([name, parameter]) => (reached.has(parameter) ? [] : [name]));
    const unexpected = [...source.keys()].filter((name) => !own.has(name));
    if (missing.length + unexpected.length > 0) {
      const list = (names: string[]) => (names.length === 0 ? "none" : names.join(", "));
      throw new FormatError(
        `${where}: missing keys: ${list(missing)}; unexpected keys: ${list(unexpected)}; wants exactly the module's own`,
      );
    }
    const values = present.map(([name, parameter]) => {
      const { shape, data } = source.get(name)!;
      if (!sameShape(shape, parameter.shape))
        throw new ShapeError(`${where}: ${name} has shape ${show(shape)}, wants ${show(parameter.shape)}`);
      const elements = typeof data === "function" ? data.call(source.get(name)) : data;
      if (elements.length !== parameter.size)
        throw new ShapeError(`${where}: ${name} has ${elements.length} values, wants ${parameter.size}`);
      return { parameter, elements };
    });
    for (const { parameter, elements } of values) parameter.assign(elements);
  }

  zeroGrad(): void {
    for (const parameter of this.parameters()) parameter.clearGrad();
  }

  /** Frees all parameters and what hangs on them. */
  dispose(): void {
    for (const parameter of this.parameters()) parameter.dispose();
  }
}
