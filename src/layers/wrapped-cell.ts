import { beginCell, checkCell, type RecurrentCell, type StateOf, type Step, type StepResult } from "../nn/cell.js";
import { Module } from "../nn/module.js";
import type { Tensor } from "../tensor/tensor.js";

/** A cell that changes what another one gives. */
export abstract class WrappedCell<S extends StateOf<S>> extends Module implements RecurrentCell<S> {
  readonly inputSize: number;
  readonly outputSize: number;
  readonly stateSizes: RecurrentCell<S>["stateSizes"];

  /** @throws ConfigError unless `cell` is a cell */
  protected constructor(
    where: string,
    readonly cell: RecurrentCell<S>,
  ) {
    super();
    this.outputSize = checkCell(`${where}: cell`, cell);
    this.inputSize = cell.inputSize;
    this.stateSizes = cell.stateSizes;
  }

  /** What the cell gave, changed. */
  protected abstract after(next: StepResult<S>, x: Tensor, before: S): StepResult<S>;

  step(x: Tensor, state: S): StepResult<S> {
    return this.begin()(x, state);
  }

  begin(): Step<S> {
    const step = beginCell(this.cell);
    return (x, state) => this.after(step(x, state), x, state);
  }
}
