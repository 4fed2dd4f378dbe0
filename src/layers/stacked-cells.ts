import { ConfigError } from "../errors.js";
import { type AnyCell, beginCell, checkCell, type RecurrentCell, type Step, type StepResult } from "../nn/cell.js";
import { Module } from "../nn/module.js";
import type { Tensor } from "../tensor/tensor.js";

type Named = Readonly<Record<string, Tensor>>;

/**
 * Cells one above the other as one cell: at each step each reads the output of the one below. Its states are theirs with a suffix,
 * `h_l0`, `c_l0`, `h_l1`, …; the cells may differ in kind and size. Parameters: `cells.0.weight_ih`, …
 */
export class StackedCells extends Module implements RecurrentCell<Named> {
  readonly inputSize: number;
  readonly outputSize: number;
  readonly stateSizes: Readonly<Record<string, number>>;

  /** @throws ConfigError when there is no cell, or a cell's inputSize is not the width of the output below */
  constructor(readonly cells: readonly AnyCell[]) {
    super();
    if (cells.length === 0) throw new ConfigError("StackedCells: no cells, wants at least 1");
    const sizes: [string, number][] = [];
    let width: number | undefined;
    for (const [index, cell] of cells.entries()) {
      const outputSize = checkCell(`StackedCells: cell ${index}`, cell);
      width ??= cell.inputSize;
      if (cell.inputSize !== width)
        throw new ConfigError(`StackedCells: cell ${index}: inputSize ${cell.inputSize}, wants ${width}, the features it gets`);
      width = outputSize;
      for (const [name, size] of Object.entries<number>(cell.stateSizes)) sizes.push([`${name}_l${index}`, size]);
    }
    this.inputSize = cells[0]!.inputSize;
    this.outputSize = width!;
    this.stateSizes = Object.fromEntries(sizes);
  }

  step(x: Tensor, state: Named): StepResult<Named> {
    return this.begin()(x, state);
  }

  begin(): Step<Named> {
    const steps = this.cells.map((cell) => beginCell<Named>(cell));
    return (x, state) => {
      let output = x;
      const next: Record<string, Tensor> = {};
      for (const [index, step] of steps.entries()) {
        const names = Object.keys(this.cells[index]!.stateSizes);
        const result = step(output, Object.fromEntries(names.map((name) => [name, state[`${name}_l${index}`]!])));
        output = result.output;
        for (const name of names) next[`${name}_l${index}`] = result.state[name]!;
      }
      return { output, state: next };
    };
  }
}
