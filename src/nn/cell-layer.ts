/** Layers over cells of one's own. */
import { ConfigError, ShapeError } from "../errors.js";
import { dropout } from "../ops/dropout.js";
import type { Parameter } from "../ops/init.js";
import { concat, reshape, slice, stack } from "../ops/layout.js";
import { checkLengths } from "../ops/lengths.js";
import { packRows, permuteRows, type Rows, rowsOf, unpackRows } from "../ops/recurrent/rows.js";
import { checkInput, checkState } from "../ops/recurrent/spec.js";
import { checkOptions, flag, inRange, wholeNumber } from "../options.js";
import { zeros } from "../tensor/create.js";
import { sameShape, show } from "../tensor/shape.js";
import { withinStep } from "../tensor/tape.js";
import { sameEngine, Tensor } from "../tensor/tensor.js";
import { type AnyCell, beginCell, checkCell, outputSizeOf, type RecurrentCell, type StateOf } from "./cell.js";
import { Module } from "./module.js";
import type { ForwardOptions } from "./recurrent.js";

export interface CellLayerOptions {
  /** Features of the input: needed where a function makes the cells, else the first cell's. */
  readonly inputSize?: number;
  /** Default 1. */
  readonly numLayers?: number;
  /** Further cells read the sequence backwards; outputs are concatenated. Default false. */
  readonly bidirectional?: boolean;
  /** Probability of dropout on the outputs of all layers but the last, in training steps. Default 0. */
  readonly dropout?: number;
}

/** Makes the cell of a layer and direction. */
export type CellMaker<S extends StateOf<S>> = (inputSize: number, layer: number, reverse: boolean) => RecurrentCell<S>;

export type Cells<S extends StateOf<S>> = RecurrentCell<S> | readonly RecurrentCell<S>[] | CellMaker<S>;

type Named = Record<string, Tensor>;

const FROM = "RNN.from";
const NAME = "CellLayer";

/** @returns the width of its output @throws ConfigError unless the cell reads `width` features and has the states of `first` */
function checkFits(cell: AnyCell, index: number, width: number | undefined, first: AnyCell): number {
  const where = `${FROM}: cell ${index}`;
  const outputSize = checkCell(where, cell);
  if (width !== undefined && cell.inputSize !== width)
    throw new ConfigError(`${where}: inputSize ${cell.inputSize}, wants ${width}, the features it gets`);
  const [own, wanted] = [cell, first].map(({ stateSizes }) => JSON.stringify(stateSizes));
  if (own !== wanted) throw new ConfigError(`${where}: stateSizes ${own}, wants ${wanted}, those of the first cell`);
  return outputSize;
}

/**
 * Runs cells over a padded batch as {@link LSTM} runs its own: layers, both directions, ragged lengths, gradients. Made by `RNN.from`.
 * Parameters are named after their cell's, with the layer's suffix: `weight_ih` of an LSTMCell becomes `weight_ih_l0`, `weight_ih_l0_reverse`.
 */
export class CellLayer<S extends StateOf<S>> extends Module {
  readonly inputSize: number;
  /** Width of the output, both directions together. */
  readonly outputSize: number;
  readonly numLayers: number;
  readonly bidirectional: boolean;
  readonly dropout: number;
  /** Index layer·D + direction. */
  readonly cells: readonly RecurrentCell<S>[];

  /** @see RNN.from */
  constructor(source: Cells<S>, options: CellLayerOptions = {}) {
    super();
    checkOptions(FROM, options, ["inputSize", "numLayers", "bidirectional", "dropout"]);
    this.numLayers = wholeNumber(FROM, "numLayers", options.numLayers ?? 1, 1);
    this.bidirectional = flag(FROM, "bidirectional", options.bidirectional ?? false);
    this.dropout = inRange(FROM, "dropout", options.dropout ?? 0, 0, 1);
    const directions = this.bidirectional ? 2 : 1;
    const count = this.numLayers * directions;
    const given = typeof source === "function" ? null : ([source].flat() as RecurrentCell<S>[]);
    if (given !== null && given.length !== count) {
      throw new ConfigError(`${FROM}: ${given.length} cells, wants ${count}, one a layer and direction, or a function that makes them`);
    }
    const first = options.inputSize ?? given?.[0]?.inputSize;
    const cells: RecurrentCell<S>[] = [];
    let width = given === null ? wholeNumber(FROM, "inputSize", first, 1) : first;
    for (let layer = 0; layer < this.numLayers; layer++) {
      const parts = Array.from({ length: directions }, (_, direction) => {
        const cell = given === null ? (source as CellMaker<S>)(width!, layer, direction === 1) : given[cells.length]!;
        const size = checkFits(cell, cells.length, width, cells[0] ?? cell);
        cells.push(cell);
        return size;
      });
      width = parts.reduce((sum, part) => sum + part, 0);
    }
    this.cells = cells;
    this.inputSize = cells[0]!.inputSize;
    this.outputSize = width!;
  }

  override *namedParameters(prefix = ""): Iterable<[string, Parameter]> {
    const directions = this.bidirectional ? 2 : 1;
    for (const [index, cell] of this.cells.entries()) {
      const suffix = `_l${Math.floor(index / directions)}${index % directions === 1 ? "_reverse" : ""}`;
      for (const [name, parameter] of cell.namedParameters(prefix)) yield [name + suffix, parameter];
    }
  }

  /**
   * @param input f32 [B, T, inputSize]; steps at or past lengths[b] are never read
   * @param state each state of the cells, f32 [L·D, B, n]; zeros when absent
   * @returns output f32 [B, T, outputSize], 0 past each length, and the last states
   * @throws ShapeError, IndexError when shapes or lengths disagree, ShapeError when a cell returns what it did not announce
   */
  forward(input: Tensor, state: S | null = null, options: ForwardOptions = {}): { output: Tensor; state: S } {
    checkOptions(`${NAME}.forward`, options, ["lengths"]);
    const { batch, time } = checkInput({ name: NAME, inputSize: this.inputSize, timeMajor: false }, input);
    checkLengths(`${NAME}.forward`, options.lengths, batch, time);
    const { engine } = input;
    const sizes = Object.entries(this.cells[0]!.stateSizes) as [string, number][];
    for (const [name, size] of state === null ? [] : sizes) {
      const given = (state as Named)[name];
      if (!(given instanceof Tensor))
        throw new ShapeError(`${NAME}.forward: state has no ${name}, wants ${sizes.map(([n]) => n).join(", ")}`);
      sameEngine(`${NAME}.forward`, input, given);
      checkState(NAME, name, given, [this.cells.length, batch, size]);
    }
    return withinStep(engine, () => {
      const rows = rowsOf(engine, options.lengths, batch, time);
      const initial = (index: number): Named =>
        record(sizes, (name, size) => {
          if (state === null) return zeros(engine, [batch, size]);
          return permuteRows(reshape(slice((state as Named)[name]!, 0, index, index + 1), [batch, size]), rows, rows.order);
        });
      const { output, last } = this.#run(packRows(input, rows), rows, initial);
      const states = record(sizes, (name) => stack(last.map((own) => permuteRows(own[name]!, rows, rows.rank))));
      return { output: unpackRows(output, rows), state: states as S };
    });
  }

  /** All layers over packed rows; `last` in the sorted order, index layer·D + direction. */
  #run(x: Tensor, rows: Rows, initial: (index: number) => Named): { output: Tensor; last: Named[] } {
    const directions = this.bidirectional ? 2 : 1;
    const last: Named[] = [];
    let output = x;
    for (let layer = 0; layer < this.numLayers; layer++) {
      const input = layer === 0 ? x : dropout(output, this.dropout);
      const parts = Array.from({ length: directions }, (_, direction) => {
        const index = layer * directions + direction;
        const run = runCell(this.cells[index]!, input, rows, direction === 1, initial(index));
        last.push(run.state);
        return run.output;
      });
      output = directions === 1 ? parts[0]! : concat(parts, 1);
    }
    return { output, last };
  }
}

const record = (sizes: readonly [string, number][], value: (name: string, size: number) => Tensor): Named =>
  Object.fromEntries(sizes.map(([name, size]) => [name, value(name, size)]));

/** One cell over packed rows [total, in]: at each step the first rows of the sorted batch run, the others keep their state. */
function runCell(cell: AnyCell, x: Tensor, rows: Rows, reverse: boolean, initial: Named): { output: Tensor; state: Named } {
  const step = beginCell(cell);
  const sizes = Object.entries(cell.stateSizes);
  const outputs: Tensor[] = [];
  let state = initial;
  for (let i = 0; i < rows.time; i++) {
    const t = reverse ? rows.time - 1 - i : i;
    const count = rows.active[t]!;
    if (count === 0) continue;
    const all = count === rows.batch;
    const before = state;
    const at = rows.offsets[t]!;
    // A name of its own for each step's state: what the step adds to its gradient is summed first, whether or not rows have ended.
    const running = record(sizes, (name, size) => (all ? reshape(before[name]!, [count, size]) : slice(before[name]!, 0, 0, count)));
    const result = step(slice(x, 0, at, at + count), running);
    checkResult(cell, result, count);
    outputs[t] = result.output;
    state = all ? result.state : record(sizes, (name) => concat([result.state[name]!, slice(before[name]!, 0, count)]));
  }
  return { output: outputs.length === 0 ? zeros(x.engine, [0, outputSizeOf(cell)]) : concat(outputs), state };
}

function checkResult(cell: AnyCell, result: { output: Tensor; state: Named }, count: number): void {
  const where = `${cell.constructor.name}.step`;
  const check = (name: string, value: unknown, size: number) => {
    const found = value instanceof Tensor ? `${value.dtype} ${show(value.shape)}` : String(value);
    if (value instanceof Tensor && value.dtype === "f32" && sameShape(value.shape, [count, size])) return;
    throw new ShapeError(`${where}: ${name} is ${found}, wants f32 ${show([count, size])}`);
  };
  check("output", result?.output, outputSizeOf(cell));
  for (const [name, size] of Object.entries(cell.stateSizes)) check(`state ${name}`, result.state?.[name], size);
}
