/** Checks of options: unknown keys, whole numbers and ranges are refused, never clamped. */
import { ConfigError } from "./errors.js";

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}

/** The known name that looks most like `name`, when one does. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const lower = name.toLowerCase();
  let best: string | undefined;
  let least = Math.max(2, Math.floor(name.length / 2)) + 1;
  for (const candidate of known) {
    const d = distance(lower, candidate.toLowerCase());
    if (d < least) {
      least = d;
      best = candidate;
    }
  }
  return best;
}

/** @throws ConfigError when `given` is no object or has a key that is not `known` */
export function checkOptions(where: string, given: unknown, known: readonly string[]): void {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new ConfigError(`${where}: options ${describe(given)}, wants an object (${known.join(", ")})`);
  }
  for (const key of Object.keys(given)) {
    if (known.includes(key)) continue;
    const nearest = nearestName(key, known);
    const wish = nearest === undefined ? `one of ${known.join(", ")}` : `${nearest} (known: ${known.join(", ")})`;
    throw new ConfigError(`${where}: unknown option ${key}, wants ${wish}`);
  }
}

/** @returns `value` when it is a whole number from `min`; @throws ConfigError otherwise */
export function wholeNumber(where: string, name: string, value: unknown, min: number): number {
  if (!(Number.isSafeInteger(value) && (value as number) >= min)) {
    throw new ConfigError(`${where}: ${name} ${describe(value)}, wants a whole number from ${min}`);
  }
  return value as number;
}

/** @returns `value` when low <= value <= high; @throws ConfigError otherwise, for NaN too */
export function inRange(where: string, name: string, value: unknown, low: number, high: number): number {
  if (typeof value !== "number" || !(value >= low && value <= high)) {
    const lower = low === -Number.MAX_VALUE ? "a finite number" : `a number from ${low}`;
    const upper = high >= Number.MAX_VALUE ? "" : ` to ${high}`;
    throw new ConfigError(`${where}: ${name} ${describe(value)}, wants ${lower}${upper}`);
  }
  return value;
}

/** @returns `value` when it is true or false; @throws ConfigError otherwise */
export function flag(where: string, name: string, value: unknown): boolean {
  if (typeof value !== "boolean") throw new ConfigError(`${where}: ${name} ${describe(value)}, wants true or false`);
  return value;
}

/** @returns `value` when it is one of `known`; @throws ConfigError otherwise */
export function oneOf<W extends string>(where: string, name: string, value: unknown, known: readonly W[]): W {
  if (known.includes(value as W)) return value as W;
  const words = known.map((word) => JSON.stringify(word)).join(", ");
  throw new ConfigError(`${where}: ${name} ${describe(value)}, wants ${words.replace(/, ([^,]*)$/, " or $1")}`);
}

/** The check of one option: its value, or its default where there is none. */
export type Check<T> = (where: string, name: string, value: unknown) => T;

/**
 * All options of a thing by their checks.
 * @throws ConfigError when one fails its check, or `given` has a key that has none
 */
export function readOptions<T extends object>(where: string, given: unknown, checks: { readonly [K in keyof T]-?: Check<T[K]> }): T {
  checkOptions(where, given, Object.keys(checks));
  const options: Partial<T> = {};
  for (const name in checks) options[name] = checks[name](where, name, (given as Partial<T>)[name]);
  return options as T;
}

/** What may be left out. */
export const optional =
  <T>(check: Check<T>): Check<T | undefined> =>
  (where, name, value) =>
    value == null ? undefined : check(where, name, value);

export const whole =
  (min: number, fallback?: number): Check<number> =>
  (where, name, value) =>
    wholeNumber(where, name, value ?? fallback, min);

/** A number, by default a finite one from 0. */
export const number =
  (fallback?: number, low = 0, high = Number.MAX_VALUE): Check<number> =>
  (where, name, value) =>
    inRange(where, name, value ?? fallback, low, high);

/** From 0 to below 1. */
export const rate =
  (fallback?: number): Check<number> =>
  (where, name, value) => {
    const given = value ?? fallback;
    if (!((given as number) >= 0 && (given as number) < 1))
      throw new ConfigError(`${where}: ${name} ${describe(given)}, wants a number from 0 to below 1`);
    return given as number;
  };

export const word =
  <W extends string>(fallback: W, known: readonly W[]): Check<W> =>
  (where, name, value) =>
    oneOf(where, name, value ?? fallback, known);

export const yesOrNo =
  (fallback: boolean): Check<boolean> =>
  (where, name, value) =>
    flag(where, name, value ?? fallback);

function describe(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
