/** What the runners of golden operations share. */
import {
  Adadelta,
  Adagrad,
  Adam,
  Adamax,
  AdamW,
  type Engine,
  GRU,
  LSTM,
  NAdam,
  type Optimizer,
  RAdam,
  RMSprop,
  RNN,
  SGD,
  type Tensor,
  tensor,
} from "../../src/index.js";
import { type RecurrentOutputs, recurrent } from "../../src/ops/recurrent/recurrent.js";
import type { GoldenCase, Numbers, Values } from "./load.js";

/** Results by reference name. */
export type Results = Record<string, Numbers | undefined>;

/** Computes what a case asks for; an operation or option it does not know throws Unknown. */
export type Runner = (engine: Engine, item: GoldenCase) => Results;

export class Unknown extends Error {}

export type Config = Readonly<Record<string, unknown>>;

const camel = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** Keys in TypeScript's case; those in `drop` left out. */
export function camelOptions(config: Config, drop: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(config).flatMap(([key, value]) => (drop.includes(key) ? [] : [[camel(key), value]])));
}

/** @throws Unknown when the config has keys that the runner does not read */
export function checkKeys(item: GoldenCase, known: readonly string[]): void {
  const strange = Object.keys(item.config).filter((key) => !known.includes(key));
  if (strange.length > 0) throw new Unknown(`option ${strange.join(", ")} is not known`);
}

export const toTensor = (engine: Engine, { data, shape }: Values): Tensor =>
  tensor(engine, data, shape, data instanceof Int32Array ? "i32" : "f32");

export const input = (engine: Engine, item: GoldenCase, name: string): Tensor => toTensor(engine, item.get("in", name));

/** An input that wants a gradient. */
export function leaf(engine: Engine, item: GoldenCase, name: string): Tensor {
  const result = input(engine, item, name);
  result.requiresGrad = true;
  return result;
}

export const gradientOf = (of: Tensor): Numbers | undefined => of.grad?.data();

export interface RecurrentConfig {
  readonly mode: string;
  readonly input_size: number;
  readonly hidden_size: number;
  readonly num_layers?: number;
  readonly bidirectional?: boolean;
  readonly bias?: boolean;
  readonly proj_size?: number;
  readonly dropout?: number;
}

export function makeRecurrent(engine: Engine, config: RecurrentConfig): RNN | LSTM | GRU {
  const options = {
    inputSize: config.input_size,
    hiddenSize: config.hidden_size,
    numLayers: config.num_layers ?? 1,
    bidirectional: config.bidirectional ?? false,
    bias: config.bias ?? true,
    dropout: config.dropout ?? 0,
    ...(config.proj_size ? { projSize: config.proj_size } : {}),
  };
  switch (config.mode) {
    case "LSTM":
      return new LSTM(engine, options);
    case "GRU":
      return new GRU(engine, options);
    case "RNN_TANH":
    case "RNN_RELU":
      return new RNN(engine, { ...options, nonlinearity: config.mode === "RNN_RELU" ? "relu" : "tanh" });
    default:
      throw new Unknown(`mode ${config.mode} is not known`);
  }
}

/** The layer's operation on time-major data, which its own forward does not take (but the operation does, without a copy). */
export function runRecurrent(
  layer: RNN | LSTM | GRU,
  input: Tensor,
  state: { readonly h: Tensor | null; readonly c: Tensor | null },
  lengths: ArrayLike<number> | undefined,
  timeMajor: boolean,
): RecurrentOutputs {
  if (timeMajor) return recurrent({ ...layer.spec, timeMajor }, { input, weights: layer.weights, ...state, lengths });
  const options = lengths === undefined ? {} : { lengths };
  const { h, c } = state;
  const given = h === null ? null : c === null ? { h } : { h, c };
  const { output, state: last } = (layer as LSTM).forward(input, given as never, options);
  return { output, h: last.h, c: last.c ?? null };
}

type OptimizerClass = new (parameters: Iterable<Tensor>, options: never) => Optimizer;
const OPTIMIZERS: Readonly<Record<string, OptimizerClass>> = { SGD, Adam, AdamW, NAdam, RAdam, Adamax, RMSprop, Adagrad, Adadelta };

export function makeOptimizer(name: string, parameters: Iterable<Tensor>, config: Config): Optimizer {
  const known = OPTIMIZERS[name];
  if (known === undefined) throw new Unknown(`optimizer ${name} is not known`);
  const off = Object.keys(config).filter((key) => config[key] === false || config[key] === null);
  return new known(parameters, camelOptions(config, off) as never);
}
