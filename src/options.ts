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

function describe(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
