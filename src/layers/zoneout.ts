import type { RecurrentCell, StateOf, StepResult } from "../nn/cell.js";
import { add, affine, mul } from "../ops/arithmetic.js";
import { checkProbability, keepMask } from "../ops/dropout.js";
import { checkOptions } from "../options.js";
import type { Tensor } from "../tensor/tensor.js";
import { WrappedCell } from "./wrapped-cell.js";

/** Probability by name of a state; 0 for those not named. */
export type ZoneoutRates<S> = { readonly [K in keyof S]?: number };

/**
 * A cell whose states keep their old value, each unit with its probability, drawn at every step of a training step; else the
 * expectation p·old + (1-p)·new. Where the cell's output is one of its states it is the zoned-out one. Krueger et al. 2017, who
 * take 0.05 for h and 0.5 for c of an LSTM.
 */
export class Zoneout<S extends StateOf<S>> extends WrappedCell<S> {
  /** @throws ConfigError when a rate is no probability, or names no state of the cell */
  constructor(
    cell: RecurrentCell<S>,
    readonly rates: ZoneoutRates<S>,
  ) {
    super("Zoneout", cell);
    checkOptions("Zoneout", rates, Object.keys(cell.stateSizes));
    for (const p of Object.values(rates)) checkProbability("Zoneout", p as number);
  }

  protected after(next: StepResult<S>, _: Tensor, before: S): StepResult<S> {
    let { output } = next;
    const state = Object.entries<Tensor>(next.state).map(([name, fresh]) => {
      const p = this.rates[name as keyof S] ?? 0;
      if (p === 0) return [name, fresh];
      const mixed = mix(before[name as keyof S] as Tensor, fresh, p);
      if (output === fresh) output = mixed;
      return [name, mixed];
    });
    return { output, state: Object.fromEntries(state) as S };
  }
}

function mix(old: Tensor, fresh: Tensor, p: number): Tensor {
  const { engine } = fresh;
  if (!engine.training) return add(affine(old, p), affine(fresh, 1 - p));
  const renewed = keepMask(engine, fresh.shape, p);
  return add(mul(fresh, renewed), mul(old, affine(renewed, -1, 1)));
}
