/** Shortcuts around layers and cells: residual (He et al. 2016) and highway (Srivastava et al. 2015). */
import type { Engine } from "../engine/engine.js";
import { ConfigError, ShapeError } from "../errors.js";
import type { RecurrentCell, StateOf, StepResult } from "../nn/cell.js";
import type { Layer } from "../nn/containers.js";
import { constant } from "../nn/init.js";
import { Linear } from "../nn/linear.js";
import { Module } from "../nn/module.js";
import type { ForwardOptions } from "../nn/recurrent.js";
import { add, mul, sub } from "../ops/arithmetic.js";
import { packRows, rowsOf, unpackRows } from "../ops/recurrent/rows.js";
import { sigmoid } from "../ops/unary.js";
import { checkOptions, inRange, wholeNumber } from "../options.js";
import { show } from "../tensor/shape.js";
import { withinStep } from "../tensor/tape.js";
import { Tensor } from "../tensor/tensor.js";
import { WrappedCell } from "./wrapped-cell.js";

/** RNN, LSTM, GRU, what RNN.from makes, and these wrappers around them. */
export interface SequenceLayer extends Module {
  // biome-ignore lint/suspicious/noExplicitAny: any record of states
  forward(input: Tensor, state?: any, options?: ForwardOptions): { readonly output: Tensor; readonly state: any };
}

/** Joins x and what was made of it, both f32 [..., n]. */
type Join = (x: Tensor, y: Tensor) => Tensor;

export interface HighwayOptions {
  /** Start of the gate's bias: below 0 the input passes at first. Default -1. */
  readonly gateBias?: number;
}

function makeGate(where: string, engine: Engine, size: number, { gateBias = -1 }: HighwayOptions): Linear {
  inRange(where, "gateBias", gateBias, -Number.MAX_VALUE, Number.MAX_VALUE);
  const gate = new Linear(engine, { inFeatures: size, outFeatures: size });
  constant(gate.bias!, gateBias);
  return gate;
}

/** x + g·(y - x), g = sigmoid(gate(x)). */
const joinByGate = (gate: Linear, x: Tensor, y: Tensor): Tensor => add(x, mul(sigmoid(gate.forward(x)), sub(y, x)));

/** Runs a layer and joins its output with its input, padding left out. */
function runJoined<M extends Layer | SequenceLayer>(
  where: string,
  layer: M,
  args: Parameters<M["forward"]>,
  join: Join,
): ReturnType<M["forward"]> {
  const [x, , options] = args as [Tensor, unknown, ForwardOptions | undefined];
  return withinStep(x.engine, () => {
    const result = (layer as SequenceLayer).forward(...(args as Parameters<SequenceLayer["forward"]>)) as
      | Tensor
      | { output: Tensor; state: unknown };
    const output = result instanceof Tensor ? result : result.output;
    if (output.size !== x.size || output.shape.at(-1) !== x.shape.at(-1))
      throw new ShapeError(`${where}.forward: the layer gives ${show(output.shape)}, wants ${show(x.shape)} as its input`);
    if (result instanceof Tensor) return join(x, result);
    const rows = rowsOf(x.engine, options?.lengths, x.shape[0]!, x.shape[1]!);
    return { output: unpackRows(join(packRows(x, rows), packRows(output, rows)), rows), state: result.state };
  }) as ReturnType<M["forward"]>;
}

/** x + layer(x), around a layer of one tensor or a recurrent layer; called as the layer is. Parameters: `layer.…` */
export class Residual<M extends Layer | SequenceLayer> extends Module {
  constructor(readonly layer: M) {
    super();
  }

  /** @throws ShapeError when the layer's output has another shape than its input */
  forward(...args: Parameters<M["forward"]>): ReturnType<M["forward"]> {
    return runJoined("Residual", this.layer, args, add);
  }
}

/** g·layer(x) + (1-g)·x, g = sigmoid(gate(x)): called as the layer is. Parameters: `layer.…`, `gate.weight` [size, size], `gate.bias` [size]. */
export class Highway<M extends Layer | SequenceLayer> extends Module {
  readonly gate: Linear;

  /** @param options size: features of the layer's input and output */
  constructor(
    engine: Engine,
    readonly layer: M,
    options: HighwayOptions & { readonly size: number },
  ) {
    super();
    checkOptions("Highway", options, ["size", "gateBias"]);
    this.gate = makeGate("Highway", engine, wholeNumber("Highway", "size", options.size, 1), options);
  }

  /** @see Residual.forward */
  forward(...args: Parameters<M["forward"]>): ReturnType<M["forward"]> {
    return runJoined("Highway", this.layer, args, (x, y) => joinByGate(this.gate, x, y));
  }
}

abstract class JoinedCell<S extends StateOf<S>> extends WrappedCell<S> {
  protected constructor(where: string, cell: RecurrentCell<S>) {
    super(where, cell);
    if (this.outputSize !== this.inputSize)
      throw new ConfigError(`${where}: the cell gives ${this.outputSize} features, wants inputSize ${this.inputSize}`);
  }

  protected abstract join(x: Tensor, y: Tensor): Tensor;

  protected after({ output, state }: StepResult<S>, x: Tensor): StepResult<S> {
    return { output: this.join(x, output), state };
  }
}

/** A cell whose output is x + the cell's. Parameters: `cell.…` */
export class ResidualCell<S extends StateOf<S>> extends JoinedCell<S> {
  /** @throws ConfigError when the cell's output has another width than its input */
  constructor(cell: RecurrentCell<S>) {
    super("ResidualCell", cell);
  }

  protected join(x: Tensor, y: Tensor): Tensor {
    return add(x, y);
  }
}

/** A cell whose output is joined with x as {@link Highway} does. Parameters: `cell.…`, `gate.weight`, `gate.bias`. */
export class HighwayCell<S extends StateOf<S>> extends JoinedCell<S> {
  readonly gate: Linear;

  /** @throws ConfigError when the cell's output has another width than its input */
  constructor(engine: Engine, cell: RecurrentCell<S>, options: HighwayOptions = {}) {
    super("HighwayCell", cell);
    checkOptions("HighwayCell", options, ["gateBias"]);
    this.gate = makeGate("HighwayCell", engine, this.inputSize, options);
  }

  protected join(x: Tensor, y: Tensor): Tensor {
    return joinByGate(this.gate, x, y);
  }
}
