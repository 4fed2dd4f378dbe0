/** What all optimizers share: groups of parameters with options of their own, and the state of each parameter. */
import { ConfigError } from "../errors.js";
import { stateLike } from "../ops/update.js";
import { checkOptions, flag, inRange } from "../options.js";
import { Tensor } from "../tensor/tensor.js";

export interface CommonOptions {
  /** Learning rate, a finite number from 0. */
  readonly lr: number;
  /** L2 penalty, added to the gradient as weightDecay·p (AdamW, Lion: taken off the parameter). */
  readonly weightDecay: number;
  /** Go uphill instead. */
  readonly maximize: boolean;
  /**
   * Of a parameter whose gradient is row-sparse (`Embedding` with `sparse`) update only the rows that the gradient has, state and weight
   * decay included, with the corrections of the step's number: PyTorch's SparseAdam, for every optimizer. By default (false) all rows are
   * updated, to the same bits as by a dense gradient. Where a zero gradient moves nothing (SGD without momentum, Adagrad; no weight decay)
   * both are the same.
   */
  readonly lazy: boolean;
}

/** Parameters with options that differ from the optimizer's own. */
export type ParameterGroup<O> = Partial<O> & { readonly params: Iterable<Tensor> };

export interface Group<O> {
  readonly parameters: readonly Tensor[];
  options: O;
}

/** What an optimizer keeps of one parameter: tensors under PyTorch's names, and numbers. */
export interface ParameterState {
  step: number;
  readonly tensors: Record<string, Tensor>;
  readonly numbers: Record<string, number>;
}

export abstract class Optimizer<O extends CommonOptions = CommonOptions> {
  readonly groups: readonly Group<O>[];
  readonly #states = new Map<Tensor, ParameterState>();

  /**
   * @param check fills defaults in and refuses what is wrong, naming option and value
   * @throws ConfigError when there is no parameter or one comes twice
   */
  protected constructor(
    readonly name: string,
    parameters: Iterable<Tensor> | Iterable<ParameterGroup<O>>,
    given: Partial<O>,
    known: readonly (keyof O & string)[],
    private readonly check: (options: Partial<O>) => O,
  ) {
    const keys = ["lr", "weightDecay", "maximize", "lazy", ...known];
    checkOptions(name, given, keys);
    const list = [...parameters] as (Tensor | ParameterGroup<O>)[];
    const groups =
      list.length > 0 && list.every((item) => item instanceof Tensor) ? [{ params: list as Tensor[] }] : (list as ParameterGroup<O>[]);
    this.groups = groups.map(({ params, ...own }) => {
      checkOptions(`${name} group`, own, keys);
      return { parameters: [...params], options: check({ ...given, ...own } as unknown as Partial<O>) };
    });
    const all = this.parameters;
    if (all.length === 0) throw new ConfigError(`${name}: no parameters, wants at least 1`);
    if (new Set(all).size !== all.length) throw new ConfigError(`${name}: a parameter comes twice, wants each once`);
  }

  get parameters(): readonly Tensor[] {
    return this.groups.flatMap(({ parameters }) => parameters);
  }

  /** Learning rate of the first group; setting it sets that of every group. @throws ConfigError unless it is a finite number from 0 */
  get lr(): number {
    return this.groups[0]!.options.lr;
  }

  set lr(value: number) {
    for (const group of this.groups) this.configure(group, { lr: value } as Partial<O>);
  }

  /** Changes options of a group, checked as at the start. */
  configure(group: Group<O>, options: Partial<O>): void {
    group.options = this.check({ ...group.options, ...options });
  }

  /** Updates every parameter that has a gradient. */
  step(): void {
    for (const { parameters, options } of this.groups) {
      for (const parameter of parameters) {
        if (parameter.grad === null) continue;
        const state = this.#stateOf(parameter, options);
        state.step++;
        this.update(parameter, state, options);
      }
    }
  }

  /** State of a parameter that has been updated. */
  state(parameter: Tensor): ParameterState | undefined {
    return this.#states.get(parameter);
  }

  zeroGrad(): void {
    for (const parameter of this.parameters) parameter.clearGrad();
  }

  /** Frees the optimizer's own memory; it starts anew after that. */
  dispose(): void {
    for (const { tensors } of this.#states.values()) for (const tensor of Object.values(tensors)) tensor.dispose();
    this.#states.clear();
  }

  /** Names of the tensors that are kept per parameter. */
  protected abstract stateNames(options: O): readonly string[];

  /** One update; state.step counts from 1. */
  protected abstract update(parameter: Tensor, state: ParameterState, options: O): void;

  /** New state, zeros. */
  protected createState(parameter: Tensor, options: O): ParameterState {
    return { step: 0, numbers: {}, tensors: Object.fromEntries(this.stateNames(options).map((name) => [name, stateLike(parameter)])) };
  }

  #stateOf(parameter: Tensor, options: O): ParameterState {
    let state = this.#states.get(parameter);
    if (state === undefined) {
      state = this.createState(parameter, options);
      this.#states.set(parameter, state);
    }
    return state;
  }
}

/** A finite number from 0. */
export const nonNegative = (where: string, name: string, value: number): number => inRange(where, name, value, 0, Number.MAX_VALUE);

/** A decay rate: from 0 to below 1. */
export function decayRate(where: string, name: string, value: number): number {
  if (!(value >= 0 && value < 1)) throw new ConfigError(`${where}: ${name} ${String(value)}, wants a number from 0 to below 1`);
  return value;
}

/** Two decay rates. */
export function decayRates(where: string, betas: readonly [number, number]): readonly [number, number] {
  if (!Array.isArray(betas) || betas.length !== 2 || betas.some((beta) => !(beta >= 0 && beta < 1))) {
    throw new ConfigError(`${where}: betas ${JSON.stringify(betas)}, wants two numbers from 0 to below 1`);
  }
  return [betas[0], betas[1]];
}

/** The options that all have. */
export const common = (
  where: string,
  { lr, weightDecay, maximize, lazy }: Partial<CommonOptions>,
  defaultLr: number | undefined,
  defaultDecay = 0,
): CommonOptions => ({
  lr: nonNegative(where, "lr", lr ?? (defaultLr as number)),
  weightDecay: nonNegative(where, "weightDecay", weightDecay ?? defaultDecay),
  maximize: flag(where, "maximize", maximize ?? false),
  lazy: flag(where, "lazy", lazy ?? false),
});

/** beta^step, kept by multiplication: the host's pow differs between engines. */
export function power(state: ParameterState, name: string, beta: number): number {
  const value = (state.numbers[name] ?? 1) * beta;
  state.numbers[name] = value;
  return value;
}
