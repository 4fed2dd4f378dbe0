/** Search for good options over a declared space. */
import { PURPOSE } from "../engine/engine.js";
import { Stream, streamKey } from "../engine/random.js";
import { exp, ln } from "../engine/scalar.js";
import { ConfigError, isRecurraError } from "../errors.js";
import { checkOptions, flag, inRange, number, optional, readOptions, whole } from "../options.js";

export type OptionValue = string | number | boolean;

/** Numbers from low to high, evenly, or evenly in their logarithm; whole ones with both ends. */
export interface NumberRange {
  readonly low: number;
  readonly high: number;
  readonly log?: boolean;
  readonly whole?: boolean;
}

/** For each option its values, or the range that they come from. */
export type TuningSpace = Readonly<Record<string, readonly OptionValue[] | NumberRange>>;

export interface TuningOptions {
  /** Settings drawn; where the space has no more than these, each is tried once. Default 20. */
  readonly trials?: number;
  /** Default 1. */
  readonly seed?: number;
  /**
   * Successive halving (Jamieson and Talwalkar 2016): all settings are tried with a small budget, the best 1/halving of them with
   * `halving` times as much, and so on to the full one. Default: no halving, every setting has the full budget.
   */
  readonly halving?: number;
  /** Budget of the first round of halving. Default 1/9. */
  readonly firstBudget?: number;
  /** Told of each trial. */
  readonly onTrial?: (trial: Trial) => void;
  /** An abort ends the search after the running trial. */
  readonly signal?: AbortSignal;
}

/** Plain JSON. */
export interface Trial {
  /** Of the setting. */
  readonly number: number;
  readonly options: Readonly<Record<string, OptionValue>>;
  /** Share of a full training. */
  readonly budget: number;
  /** Larger is better; null where training broke down. */
  readonly score: number | null;
  readonly error?: string;
}

export interface Tuning {
  /** The best of the trials with the largest budget; undefined where all broke down. */
  readonly best: Trial | undefined;
  readonly trials: readonly Trial[];
}

const WHERE = "tune";

/** How many values an option has. */
const sizeOf = (choice: readonly OptionValue[] | NumberRange): number =>
  "length" in choice
    ? choice.length
    : choice.whole === true
      ? Math.floor(choice.high) - Math.ceil(choice.low) + 1
      : Number.POSITIVE_INFINITY;

function checkSpace(space: TuningSpace): void {
  if (Object.keys(space).length === 0) throw new ConfigError(`${WHERE}: an empty space, wants at least 1 option`);
  for (const [name, choice] of Object.entries(space)) {
    if (Array.isArray(choice)) {
      if (choice.length === 0) throw new ConfigError(`${WHERE}: ${name} has no values, wants at least 1`);
      continue;
    }
    const { low, high, log, whole: isWhole } = choice as NumberRange;
    checkOptions(`${WHERE}: ${name}`, choice, ["low", "high", "log", "whole"]);
    inRange(`${WHERE}: ${name}`, "low", low, log === true ? Number.MIN_VALUE : -Number.MAX_VALUE, Number.MAX_VALUE);
    inRange(`${WHERE}: ${name}`, "high", high, low, Number.MAX_VALUE);
    for (const [key, value] of Object.entries({ log, whole: isWhole })) flag(`${WHERE}: ${name}`, key, value ?? false);
    if (sizeOf(choice) < 1) throw new ConfigError(`${WHERE}: ${name} has no whole number from ${low} to ${high}, wants at least 1`);
  }
}

function draw(choice: readonly OptionValue[] | NumberRange, stream: Stream): OptionValue {
  if ("length" in choice) return choice[stream.nextInt(choice.length)]!;
  const { log = false, whole: isWhole = false } = choice;
  // Whole numbers have a unit each, as wide as the others.
  const [low, high] = isWhole ? [Math.ceil(choice.low), Math.floor(choice.high)] : [choice.low, choice.high];
  const share = stream.nextFloat();
  const between = (a: number, b: number) => (log ? exp(ln(a) + (ln(b) - ln(a)) * share) : a + (b - a) * share);
  return isWhole ? Math.min(high, Math.max(low, Math.floor(between(low, high + 1)))) : Math.min(high, Math.max(low, between(low, high)));
}

/** All settings of a finite space. */
function grid(space: TuningSpace): Record<string, OptionValue>[] {
  return Object.entries(space).reduce<Record<string, OptionValue>[]>(
    (settings, [name, choice]) => {
      const values = "length" in choice ? choice : Array.from({ length: sizeOf(choice) }, (_, i) => Math.ceil(choice.low) + i);
      return settings.flatMap((setting) => values.map((value) => ({ ...setting, [name]: value })));
    },
    [{}],
  );
}

/** Settings that differ. */
function settingsOf(space: TuningSpace, trials: number, seed: number): Record<string, OptionValue>[] {
  const size = Object.values(space).reduce((product, choice) => product * sizeOf(choice), 1);
  if (size <= trials) return grid(space);
  const stream = new Stream(streamKey(seed, PURPOSE.sample, 0, 0));
  const found = new Map<string, Record<string, OptionValue>>();
  while (found.size < trials) {
    const setting = Object.fromEntries(Object.entries(space).map(([name, choice]) => [name, draw(choice, stream)]));
    found.set(JSON.stringify(setting), setting);
  }
  return [...found.values()];
}

/** Shares of a full training, the last one 1. */
function budgetsOf(halving: number | undefined, first: number): number[] {
  const budgets = [1];
  if (halving !== undefined) while (budgets[0]! / halving >= first * (1 - 1e-9)) budgets.unshift(budgets[0]! / halving);
  return budgets;
}

/**
 * Random search, or all of a small space, plainly or by successive halving.
 * @param run trains with these options and a share of the full budget (epochs, say), and gives what is to be large; a NumericError or a
 *   score that is no number counts as a setting that does not work
 * @throws ConfigError on a bad option or space, and whatever else `run` throws
 */
export async function tune(
  space: TuningSpace,
  run: (options: Readonly<Record<string, OptionValue>>, budget: number, number: number) => Promise<number> | number,
  options: TuningOptions = {},
): Promise<Tuning> {
  const { onTrial, signal, ...rest } = options;
  const { trials, seed, halving, firstBudget } = readOptions<{
    trials: number;
    seed: number;
    halving: number | undefined;
    firstBudget: number;
  }>(WHERE, rest, {
    trials: whole(1, 20),
    seed: whole(0, 1),
    halving: optional(number(undefined, 1.5)),
    firstBudget: number(1 / 9, Number.MIN_VALUE, 1),
  });
  checkSpace(space);
  const done: Trial[] = [];
  let left = settingsOf(space, trials, seed).map((setting, i) => ({ number: i, options: setting }));
  let best: Trial | undefined;
  for (const budget of budgetsOf(halving, firstBudget)) {
    const round: Trial[] = [];
    for (const setting of left) {
      if (signal?.aborted) break;
      const trial = { ...setting, budget, ...(await outcome(() => run(setting.options, budget, setting.number))) };
      round.push(trial);
      onTrial?.(trial);
    }
    done.push(...round);
    const ranked = round.filter(({ score }) => score !== null).sort((a, b) => b.score! - a.score!);
    best = ranked[0] ?? best;
    left = ranked.slice(0, Math.ceil(ranked.length / (halving ?? 1))).map(({ number: n, options: o }) => ({ number: n, options: o }));
  }
  return { best, trials: done };
}

async function outcome(run: () => Promise<number> | number): Promise<Pick<Trial, "score" | "error">> {
  try {
    const score = await run();
    return Number.isFinite(score) ? { score } : { score: null, error: `score ${score}, wants a finite number` };
  } catch (error) {
    if (!isRecurraError(error, "numeric")) throw error;
    return { score: null, error: error.message };
  }
}
