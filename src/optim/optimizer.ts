/** What all optimizers share: groups of parameters with options of their own, and the state of each parameter. */
import { ConfigError, FormatError, isRecurraError } from "../errors.js";
import { stateLike } from "../ops/update.js";
import { type Check, checkOptions, number, readOptions, wholeNumber, yesOrNo } from "../options.js";
import { assignState, type StateDict, type StateSource } from "../tensor/state.js";
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

/** What beside tensors a run goes on from: plain JSON. Options hold the rates of the moment. */
export interface OptimizerValues<O> {
  readonly optimizer: string;
  readonly groups: readonly { readonly parameters: number; readonly options: O }[];
  /** For each parameter in turn; null where it was never updated. */
  readonly states: readonly ({ readonly step: number; readonly numbers: Readonly<Record<string, number>> } | null)[];
}

export abstract class Optimizer<O extends CommonOptions = CommonOptions> {
  readonly groups: readonly Group<O>[];
  readonly #states = new Map<Tensor, ParameterState>();
  readonly #read: (options: object) => O;

  /**
   * @param checks of every option, see common() @param checkTogether refuses options that do not go together
   * @throws ConfigError when there is no parameter or one comes twice
   */
  protected constructor(
    readonly name: string,
    parameters: Iterable<Tensor> | Iterable<ParameterGroup<O>>,
    given: Partial<O>,
    checks: { readonly [K in keyof O]-?: Check<O[K]> },
    checkTogether: (options: O) => void = () => {},
  ) {
    const keys = Object.keys(checks);
    this.#read = (options) => {
      const read = readOptions<O>(name, options, checks);
      checkTogether(read);
      return read;
    };
    checkOptions(name, given, keys);
    const list = [...parameters] as (Tensor | ParameterGroup<O>)[];
    const groups =
      list.length > 0 && list.every((item) => item instanceof Tensor) ? [{ params: list as Tensor[] }] : (list as ParameterGroup<O>[]);
    this.groups = groups.map(({ params, ...own }) => {
      checkOptions(`${name} group`, own, keys);
      return { parameters: [...params], options: this.#read({ ...given, ...own }) };
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
    group.options = this.#read({ ...group.options, ...options });
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

  /** All that a run goes on from, to the bit: the states' own tensors as `parameter number.name`, and the rest. */
  stateDict(): { tensors: StateDict; values: OptimizerValues<O> } {
    const tensors = new Map<string, Tensor>();
    const states = this.parameters.map((parameter, i) => {
      const state = this.#states.get(parameter);
      for (const [name, tensor] of Object.entries(state?.tensors ?? {})) tensors.set(`${i}.${name}`, tensor);
      return state === undefined ? null : { step: state.step, numbers: { ...state.numbers } };
    });
    const groups = this.groups.map(({ parameters, options }) => ({ parameters: parameters.length, options }));
    return { tensors, values: { optimizer: this.name, groups, states } };
  }

  /**
   * Goes on from a stateDict() of the same kind of optimizer over groups of the same sizes; options are taken over.
   * @throws FormatError on another optimizer, other groups, missing or unexpected tensors; ShapeError; ConfigError on a number out of
   *   range; nothing was changed then
   */
  loadStateDict({ tensors, values }: { readonly tensors: StateSource; readonly values: OptimizerValues<O> }): void {
    const where = `${this.name}.loadStateDict`;
    const shown = ({ optimizer, groups }: OptimizerValues<O>) => `${optimizer} over [${groups.map(({ parameters }) => parameters)}]`;
    const fresh = new Map<Tensor, ParameterState>();
    const targets = new Map<string, Tensor>();
    let options: O[];
    try {
      const [found, wanted] = [shown(values), shown(this.stateDict().values)];
      if (found !== wanted) throw new FormatError(`${where}: state of ${found} parameters, wants ${wanted}`);
      options = values.groups.map((group) => this.#read(group.options));
      let i = 0;
      for (const [g, { parameters }] of this.groups.entries()) {
        for (const parameter of parameters) {
          const stored = values.states[i];
          if (stored !== null) {
            const state = this.createState(parameter, options[g]!);
            fresh.set(parameter, state);
            state.step = wholeNumber(where, `step of parameter ${i}`, stored!.step, 0);
            for (const [name, value] of Object.entries(stored!.numbers)) state.numbers[name] = number()(where, name, value);
            for (const [name, tensor] of Object.entries(state.tensors)) targets.set(`${i}.${name}`, tensor);
          }
          i++;
        }
      }
      assignState(where, targets, tensors);
    } catch (error) {
      release(fresh);
      throw isRecurraError(error)
        ? error
        : new FormatError(`${where}: values are incomplete, wants those of stateDict()`, { cause: error });
    }
    this.dispose();
    for (const [parameter, state] of fresh) this.#states.set(parameter, state);
    for (const [g, group] of this.groups.entries()) group.options = options[g]!;
  }

  zeroGrad(): void {
    for (const parameter of this.parameters) parameter.clearGrad();
  }

  /** Frees the optimizer's own memory; it starts anew after that. */
  dispose(): void {
    release(this.#states);
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
    // Options may have changed since, to ones that want more.
    for (const name of this.stateNames(options)) state.tensors[name] ??= stateLike(parameter);
    return state;
  }
}

function release(states: Map<Tensor, ParameterState>): void {
  for (const { tensors } of states.values()) for (const tensor of Object.values(tensors)) tensor.dispose();
  states.clear();
}

/** Checks of the options that all have. */
export const common = (lr?: number, weightDecay = 0) => ({
  lr: number(lr),
  weightDecay: number(weightDecay),
  maximize: yesOrNo(false),
  lazy: yesOrNo(false),
});

/** Two decay rates. */
export const decayRates =
  (fallback: readonly [number, number]): Check<readonly [number, number]> =>
  (where, name, value) => {
    const given = value ?? fallback;
    if (!Array.isArray(given) || given.length !== 2 || given.some((beta) => !(beta >= 0 && beta < 1)))
      throw new ConfigError(`${where}: ${name} ${JSON.stringify(given)}, wants two numbers from 0 to below 1`);
    return [given[0], given[1]];
  };

/** beta^step, kept by multiplication: the host's pow differs between engines. */
export function power(state: ParameterState, name: string, beta: number): number {
  const value = (state.numbers[name] ?? 1) * beta;
  state.numbers[name] = value;
  return value;
}
