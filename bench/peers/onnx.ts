/**
 * The few ONNX models that the rows want, written byte by byte: protocol buffers are tagged fields, and a model is a graph of nodes,
 * initialisers, inputs and outputs (onnx.proto3; the numbers below are its field numbers).
 */
import { arraysOf } from "../data.js";
import { type CellKind, type ForwardRow, GATES, type ProductRow, type StepRow } from "../rows.js";

const FLOAT = 1;
const ATTRIBUTE_INT = 2;
const OPSET = 14;
const IR_VERSION = 8;
const text = new TextEncoder();

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/** A field: a whole number, or bytes with their length before them. */
function field(number: number, value: number | string | Uint8Array): Uint8Array {
  if (typeof value === "number") return Uint8Array.from([...varint(number * 8), ...varint(value)]);
  const bytes = typeof value === "string" ? text.encode(value) : value;
  return joined([Uint8Array.from([...varint(number * 8 + 2), ...varint(bytes.length)]), bytes]);
}

const tensor = (name: string, shape: readonly number[], values: Float32Array): Uint8Array =>
  joined([...shape.map((extent) => field(1, extent)), field(2, FLOAT), field(8, name), field(9, new Uint8Array(values.buffer))]);

function valueInfo(name: string, shape: readonly number[]): Uint8Array {
  const dimensions = joined(shape.map((extent) => field(1, field(1, extent))));
  return joined([field(1, name), field(2, field(1, joined([field(1, FLOAT), field(2, dimensions)])))]);
}

interface Node {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly integers?: Readonly<Record<string, number>>;
}

function node({ op, inputs, outputs, integers = {} }: Node): Uint8Array {
  const attributes = Object.entries(integers).map(([name, value]) =>
    field(5, joined([field(1, name), field(3, value), field(20, ATTRIBUTE_INT)])),
  );
  return joined([...inputs.map((name) => field(1, name)), ...outputs.map((name) => field(2, name)), field(4, op), ...attributes]);
}

interface Graph {
  readonly node: Node;
  readonly initialisers: readonly Uint8Array[];
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly outputs: Readonly<Record<string, readonly number[]>>;
}

function model(graph: Graph): Uint8Array {
  const values = (of: Graph["inputs"], number: number) => Object.entries(of).map(([name, shape]) => field(number, valueInfo(name, shape)));
  const body = joined([
    field(1, node(graph.node)),
    field(2, "row"),
    ...graph.initialisers.map((bytes) => field(5, bytes)),
    ...values(graph.inputs, 11),
    ...values(graph.outputs, 12),
  ]);
  return joined([field(1, IR_VERSION), field(7, body), field(8, joined([field(1, ""), field(2, OPSET)]))]);
}

export function productModel({ m, k, n }: ProductRow): Uint8Array {
  const inputs = { a: [m, k], b: [k, n] };
  return model({ node: { op: "MatMul", inputs: ["a", "b"], outputs: ["c"] }, initialisers: [], inputs, outputs: { c: [m, n] } });
}

/** For each of ONNX's gates its place among PyTorch's: LSTM i o f c of i f g o, GRU z r h of r z n. */
const GATE_ORDER: Readonly<Record<CellKind, readonly number[]>> = { LSTM: [0, 3, 1, 2], GRU: [1, 0, 2], RNN: [0] };

function reordered(values: Float32Array, cell: CellKind): Float32Array {
  const block = values.length / GATES[cell];
  const result = new Float32Array(values.length);
  for (const [at, from] of GATE_ORDER[cell].entries()) result.set(values.subarray(from * block, (from + 1) * block), at * block);
  return result;
}

/** X [T, B, I] → Y [T, 1, B, H]; with `state`, initial h and c come in and the last ones go out. */
export function recurrentModel(row: ForwardRow | StepRow, time: number, batch: number, state: boolean): Uint8Array {
  const { cell, inputSize, hiddenSize } = row;
  const arrays = arraysOf(row.arrays);
  const weights = (name: string) => reordered(arrays.get(`${name}_l0`) as Float32Array, cell);
  const rows = GATES[cell] * hiddenSize;
  const bias = new Float32Array(2 * rows);
  bias.set(weights("bias_ih"));
  bias.set(weights("bias_hh"), rows);
  const states = { h: [1, batch, hiddenSize], c: [1, batch, hiddenSize] };
  const last = { hn: [1, batch, hiddenSize], cn: [1, batch, hiddenSize] };
  return model({
    node: {
      op: cell,
      inputs: ["x", "w", "r", "bias", ...(state ? ["", "h", "c"] : [])],
      outputs: state ? ["", "hn", "cn"] : ["y"],
      integers: { hidden_size: hiddenSize, ...(cell === "GRU" && { linear_before_reset: 1 }) },
    },
    initialisers: [
      tensor("w", [1, rows, inputSize], weights("weight_ih")),
      tensor("r", [1, rows, hiddenSize], weights("weight_hh")),
      tensor("bias", [1, 2 * rows], bias),
    ],
    inputs: { x: [time, batch, inputSize], ...(state && states) },
    outputs: state ? last : { y: [time, 1, batch, hiddenSize] },
  });
}
