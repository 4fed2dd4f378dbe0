/** What a model is made of: modules, shapes, parameters, bytes, operations. */
import { ConfigError } from "../errors.js";
import type { Module } from "../nn/module.js";
import type { Parameter } from "../ops/init.js";
import { checkOptions } from "../options.js";
import { zeros } from "../tensor/create.js";
import { type Shape, show } from "../tensor/shape.js";
import { recordedBy } from "../tensor/tape.js";
import { type DType, type TapeEntry, Tensor } from "../tensor/tensor.js";
import { flopsOf } from "./flops.js";
import { engineOf, observed } from "./observe.js";
import { textTable } from "./table.js";

const F32_BYTES = 4;

export interface SummaryOptions<Model extends Module = Module, Batch = unknown> {
  /** Shape of an input of zeros that `forward` is run with. */
  readonly shape?: Shape;
  /** Of that input; "i32" for ids. Default "f32". */
  readonly dtype?: DType;
  /** What the forward pass is run with instead; it may be anything. */
  readonly batch?: Batch;
  /** The forward pass. Default: `model.forward(batch)`. */
  readonly run?: (model: Model, batch: Batch) => unknown;
}

/** One module, without the modules inside it: columns add up to the totals. */
export interface ModuleSummary {
  /** Name in the model, "" of the model itself. */
  readonly name: string;
  /** Name of its class, which a minifier may have shortened. */
  readonly type: string;
  /** Shape of the first tensor that its last forward pass returned; null when that is not known. */
  readonly output: Shape | null;
  /** Numbers in its own parameters; one that an earlier module has too (tied) is not counted again. */
  readonly parameters: number;
  /** Those of them that training changes. */
  readonly trainable: number;
  readonly bytes: number;
  /** Of the products in its forward passes, a multiply-add as two; null when none was run. */
  readonly flops: number | null;
  /** Forward passes in the run. */
  readonly calls: number;
}

export interface ModelSummary {
  readonly modules: readonly ModuleSummary[];
  readonly parameters: number;
  readonly trainable: number;
  readonly bytes: number;
  /** Of the whole run, what its callback did around the modules included. */
  readonly flops: number | null;
  /** A table. */
  toString(): string;
}

type Forward = (...args: unknown[]) => unknown;

interface Run {
  output: Shape | null;
  flops: number;
  calls: number;
}

/**
 * The modules of a model with their parameters and bytes and, when a batch or the shape of an input is given, output shapes and FLOPs of
 * one forward pass, which is run in a step of its own without dropout. FLOPs are those of the batch's real steps: padding is not computed.
 * @throws ConfigError on unknown options, or when the model has no forward; what the forward pass throws
 */
export function summary<Model extends Module, Batch>(model: Model, options: SummaryOptions<Model, Batch> = {}): ModelSummary {
  checkOptions("summary", options, ["shape", "dtype", "batch", "run"]);
  if (options.shape !== undefined && options.batch !== undefined) throw new ConfigError("summary: both shape and batch, wants one of them");
  if (options.dtype !== undefined && options.shape === undefined) throw new ConfigError("summary: dtype without shape, wants both");
  const wanted = options.shape !== undefined || options.batch !== undefined || options.run !== undefined;
  const seen = wanted ? watch(model, options) : null;
  const counted = new Set<Parameter>();
  const modules: ModuleSummary[] = [];
  for (const [name, module] of model.namedModules()) {
    const own = ownParameters(module).filter((parameter) => !counted.has(parameter));
    for (const parameter of own) counted.add(parameter);
    const run = seen?.runs.get(module);
    const parameters = sizeOfAll(own);
    modules.push({
      name,
      type: module.constructor.name,
      output: run?.output ?? null,
      parameters,
      trainable: sizeOfAll(own.filter(({ requiresGrad }) => requiresGrad)),
      bytes: parameters * F32_BYTES,
      flops: seen === null ? null : (run?.flops ?? 0),
      calls: run?.calls ?? 0,
    });
  }
  const all = (key: "parameters" | "trainable" | "bytes") => modules.reduce((sum, module) => sum + module[key], 0);
  const totals = { parameters: all("parameters"), trainable: all("trainable"), bytes: all("bytes"), flops: seen?.flops ?? null };
  return { modules, ...totals, toString: () => print(modules, totals) };
}

const sizeOfAll = (parameters: readonly Parameter[]): number => parameters.reduce((sum, { size }) => sum + size, 0);

/** Parameters of a module that are in none of the modules inside it. */
function ownParameters(module: Module): Parameter[] {
  const inner = new Set<Parameter>();
  for (const [, other] of module.namedModules()) if (other !== module) for (const parameter of other.parameters()) inner.add(parameter);
  return module.parameters().filter((parameter) => !inner.has(parameter));
}

/** Runs the forward pass, each module's own `forward` under watch. */
function watch<Model extends Module, Batch>(
  model: Model,
  { shape, dtype = "f32", batch, run = ownForward }: SummaryOptions<Model, Batch>,
): { runs: Map<Module, Run>; flops: number } {
  const engine = engineOf("summary", model);
  const runs = new Map<Module, Run>();
  /** FLOPs of the modules inside those that are running. */
  const inner: number[] = [];
  const watched = (module: Module, forward: Forward): Forward =>
    function (this: unknown, ...args) {
      inner.push(0);
      const { result, entries } = recordedBy(engine, () => forward.apply(this, args));
      const all = total(entries);
      const before = runs.get(module);
      runs.set(module, {
        output: firstTensor(result)?.shape ?? null,
        flops: (before?.flops ?? 0) + all - inner.pop()!,
        calls: (before?.calls ?? 0) + 1,
      });
      if (inner.length > 0) inner[inner.length - 1]! += all;
      return result;
    };
  const restore: (() => void)[] = [];
  for (const module of new Set(Array.from(model.namedModules(), ([, own]) => own as Module & { forward?: Forward }))) {
    const { forward } = module;
    if (typeof forward !== "function") continue;
    const own = Object.getOwnPropertyDescriptor(module, "forward");
    restore.push(() => (own === undefined ? delete module.forward : Object.defineProperty(module, "forward", own)));
    Object.defineProperty(module, "forward", { configurable: true, value: watched(module, forward) });
  }
  const input = () => (batch === undefined && shape !== undefined ? (zeros(engine, shape, dtype) as Batch) : (batch as Batch));
  try {
    return observed(
      "summary",
      model,
      () => run(model, input()),
      (_, entries) => ({ runs, flops: total(entries) }),
    );
  } finally {
    for (const undo of restore) undo();
  }
}

const total = (entries: readonly TapeEntry[]): number => entries.reduce((sum, entry) => sum + flopsOf(entry), 0);

function ownForward<Batch>(model: Module, batch: Batch): unknown {
  const { forward } = model as Module & { forward?: Forward };
  if (forward === undefined) throw new ConfigError(`summary: ${model.constructor.name} has no method forward, wants one or a run`);
  return forward.call(model, batch);
}

function firstTensor(result: unknown): Tensor | null {
  if (result instanceof Tensor) return result;
  if (!Array.isArray(result) && Object.getPrototypeOf(result ?? 0) !== Object.prototype) return null;
  for (const value of Object.values(result as object)) {
    const found = firstTensor(value);
    if (found !== null) return found;
  }
  return null;
}

const grouped = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ",");

function print(modules: readonly ModuleSummary[], { parameters, trainable, bytes, flops }: Omit<ModelSummary, "modules">): string {
  const known = flops !== null;
  const rows = modules.map((module) => [
    module.name === "" ? "(model)" : module.name,
    module.type,
    ...(known ? [module.output === null ? "-" : show(module.output)] : []),
    ...[module.parameters, module.trainable, module.bytes].map(grouped),
    ...(known ? [grouped(module.flops!), String(module.calls)] : []),
  ]);
  const heading = [
    "module",
    "type",
    ...(known ? ["output"] : []),
    "parameters",
    "trainable",
    "bytes",
    ...(known ? ["FLOPs", "calls"] : []),
  ];
  const last = `${grouped(parameters)} parameters (${grouped(trainable)} trainable), ${grouped(bytes)} bytes`;
  return `${textTable(heading, rows, known ? 3 : 2)}\n${last}${known ? `, ${grouped(flops)} FLOPs forward` : ""}`;
}
