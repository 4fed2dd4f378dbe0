/** Module: something with parameters, found by the names of its properties; state dictionaries as PyTorch's. */
import { Parameter } from "../ops/init.js";
import { assignState, type StateDict, type StateSource } from "../tensor/state.js";

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
    assignState(`${this.constructor.name}.loadStateDict`, this.stateDict(), source);
  }

  zeroGrad(): void {
    for (const parameter of this.parameters()) parameter.clearGrad();
  }

  /** Frees all parameters and what hangs on them. */
  dispose(): void {
    for (const parameter of this.parameters()) parameter.dispose();
  }
}
