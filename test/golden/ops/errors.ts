/** Golden runner of wrong calls: each must be refused by an error of recurra's own that mentions what matters. */
import {
  Adam,
  AdamW,
  backward,
  crossEntropy,
  Dropout,
  Embedding,
  type Engine,
  isRecurraError,
  Linear,
  matmul,
  Parameter,
  reshape,
  SGD,
  sum,
  type Tensor,
  tensor,
  zeros,
} from "../../../src/index.js";
import type { Outcome } from "../compare.js";
import { camelOptions, makeRecurrent, type RecurrentConfig, runRecurrent, Unknown } from "../context.js";
import type { GoldenCase } from "../load.js";
import { makeScheduler } from "./schedules.js";

type Inputs = Readonly<Record<string, { dtype?: string; shape?: number[]; data?: unknown[] }>>;
const SPECIAL: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
};
const number = (value: unknown): number => (typeof value === "string" ? (SPECIAL[value] ?? Number.NaN) : (value as number));

/** A case's input: given data, or zeros of a shape. Whole numbers are asked for where the operation takes ids. */
function make(engine: Engine, inputs: Inputs, name: string, dtype?: "i32"): Tensor {
  const given = inputs[name]!;
  if (given.data === undefined) return zeros(engine, given.shape!);
  const data = given.data.map(number);
  return tensor(engine, data, given.shape ?? [data.length], dtype ?? (given.dtype === "i32" ? "i32" : "f32"));
}

const CALLS: Readonly<Record<string, (engine: Engine, config: Record<string, unknown>, inputs: Inputs) => unknown>> = {
  embedding: (engine, config, inputs) =>
    new Embedding(engine, camelOptions(config, []) as never).forward(make(engine, inputs, "ids", "i32")),
  cross_entropy: (engine, config, inputs) =>
    crossEntropy(make(engine, inputs, "logits"), make(engine, inputs, "target", "i32"), camelOptions(config, [])),
  linear: (engine, config, inputs) => new Linear(engine, camelOptions(config, []) as never).forward(make(engine, inputs, "input")),
  dropout: (_, config) => new Dropout(config.p as number),
  matmul: (engine, _, inputs) => matmul(make(engine, inputs, "a"), make(engine, inputs, "b")),
  reshape: (engine, config, inputs) => reshape(make(engine, inputs, "input"), config.shape as number[]),
  zeros: (engine, config) => zeros(engine, config.shape as number[]),
  rnn: (engine, config, inputs) => {
    const layer = makeRecurrent(engine, config as unknown as RecurrentConfig);
    if (inputs.input === undefined) return layer;
    const lengths = inputs.lengths?.data?.map(number);
    const state = Object.fromEntries(
      ["h", "c"].flatMap((s) => (inputs[`${s}0`] === undefined ? [] : [[s, make(engine, inputs, `${s}0`)]])),
    );
    return runRecurrent(layer, make(engine, inputs, "input"), { h: state.h ?? null, c: state.c ?? null }, lengths, true);
  },
  load_state_dict: (engine, config, inputs) => {
    const { module, ...options } = config;
    if (module !== "Linear") throw new Unknown(`module ${String(module)} is not known`);
    const layer = new Linear(engine, camelOptions(options, []) as never);
    return layer.loadStateDict(new Map(Object.keys(inputs).map((name) => [name, make(engine, inputs, name)])));
  },
  optimizer: (engine, config, inputs) => {
    const { optimizer, ...options } = config;
    const known = { SGD, Adam, AdamW }[optimizer as string];
    if (known === undefined) throw new Unknown(`optimizer ${String(optimizer)} is not known`);
    const values = Object.fromEntries(
      Object.entries(camelOptions(options, [])).map(([key, value]) => [key, typeof value === "string" ? number(value) : value]),
    );
    return new known(
      Object.keys(inputs).map((name) => make(engine, inputs, name)),
      values as never,
    );
  },
  scheduler: (engine, config) => {
    const { scheduler, ...options } = config;
    return makeScheduler(engine, scheduler as string, options);
  },
  backward: (engine, config, inputs) =>
    engine.step(() => {
      const given = inputs.p0!.data!.map(number);
      const parameter = new Parameter(engine, [given.length], { kind: "zeros" }).assign(given);
      const loss = config.reduce === false ? reshape(parameter, [given.length]) : sum(parameter);
      for (let i = 0; i < ((config.times as number | undefined) ?? 1); i++) backward(loss);
      return null;
    }),
};

export function runErrorCase(engine: Engine, item: GoldenCase): Outcome {
  const { id, op, expect, mentions = [], inputs } = item.manifest;
  const fail = (error: string, tol: string): Outcome => ({ failure: { case: id, tensor: "call", error, tol } });
  const call = CALLS[op];
  if (call === undefined) return fail(`operation ${op} is not known`, `${expect}`);
  try {
    engine.step(() => {
      call(engine, item.config as Record<string, unknown>, inputs as Inputs);
    });
  } catch (error) {
    const message = (error as Error).message;
    if (error instanceof Unknown) return fail(message, `${expect}`);
    if (!isRecurraError(error)) return fail(`${(error as Error).name}: ${message}`, "an error of recurra's own");
    if (expect === "ok") return fail(message, "no error");
    const silent = mentions.filter((mention) => !message.includes(mention));
    return silent.length === 0 ? {} : fail(message, `mentions ${silent.join(", ")}`);
  }
  return expect === "error" ? fail("no error", `an error that mentions ${mentions.join(", ")}`) : {};
}
