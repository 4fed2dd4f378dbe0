/** A trial: an exported operation, loss or layer with drawn arguments, which every check of the surface runs. */
import { Module, type Tensor } from "../../src/index.js";
import { CASES } from "./cases/index.js";
import type { Draw } from "./draw.js";
import { SURFACE } from "./exports.js";

/**
 * How rows are independent: along which axis the batch runs in each input and output, null where a tensor is shared by all rows;
 * one number for all of them; or why there are no rows.
 */
export type Rows = number | { readonly inputs: readonly (number | null)[]; readonly outputs: readonly number[] } | string;

export interface Trial {
  /** What is tried; the same at every call. i32 outputs are compared but have no gradients. */
  run(...inputs: Tensor[]): Tensor | readonly Tensor[];
  /** Its tensors: f32 that require a gradient are checked, others (ids, lengths, masks, weights of classes) are handed on. */
  readonly inputs: readonly Tensor[];
  readonly rows: Rows;
  /** Run in a training step. Default false. */
  readonly training?: boolean;
}

/** @param subject the export itself @param draw where arguments and options come from */
export type Case<Subject> = (subject: Subject, draw: Draw) => Trial;

/** A case for each export that has gradients. A value of another name is refused by the type. */
export type Cases = { readonly [Name in keyof typeof SURFACE]?: Case<(typeof SURFACE)[Name]> };

export interface ReadyTrial {
  /** The trial's inputs, `own` of them, and then the parameters of its layers. */
  readonly inputs: readonly Tensor[];
  readonly own: number;
  readonly rows: Rows;
  readonly training: boolean;
  run(...inputs: readonly Tensor[]): Tensor[];
}

const isModule = (subject: unknown): boolean => typeof subject === "function" && subject.prototype instanceof Module;

/** @throws Error when the case does not use its subject */
export function makeTrial(name: string, draw: Draw): ReadyTrial {
  const subject = SURFACE[name as keyof typeof SURFACE] as (...args: unknown[]) => unknown;
  const make = CASES[name as keyof Cases] as Case<unknown>;
  let used = false;
  const watched = (...args: unknown[]) => {
    used = true;
    return subject(...args);
  };
  const { run, inputs, rows, training = false } = make(isModule(subject) ? subject : watched, draw);
  if (isModule(subject)) used = draw.layers.some((layer) => layer instanceof subject);
  const parameters = draw.layers.flatMap((layer) => layer.parameters());
  return {
    inputs: [...inputs, ...parameters],
    own: inputs.length,
    rows,
    training,
    run: (...given) => {
      const outputs = [run(...given.slice(0, inputs.length))].flat();
      if (!used) throw new Error(`the case of ${name} does not use ${name}`);
      return outputs;
    },
  };
}
