/**
 * Dates as people write them, in Spanish and in English, to ISO: an encoder-decoder without rules of its own.
 * node scripts/run.mjs examples/dates.ts [--limit 1000] [--epochs n]
 */
import { Stream } from "../src/engine/random.js";
import type { TextPair } from "../src/tasks/index.js";
import { learnPairs } from "./learn-pairs.js";
import { split } from "./package-texts.js";

const COUNT = 10_000;
const DAY = 86_400_000;
const LOCALES = ["es-ES", "es-MX", "en-US", "en-GB"];
const FORMS: readonly Intl.DateTimeFormatOptions[] = [
  { dateStyle: "full" },
  { dateStyle: "long" },
  { dateStyle: "medium" },
  { day: "numeric", month: "short", year: "numeric" },
  { weekday: "short", day: "numeric", month: "long", year: "numeric" },
];
const formats = LOCALES.flatMap((locale) => FORMS.map((form) => new Intl.DateTimeFormat(locale, { ...form, timeZone: "UTC" })));

const stream = new Stream([7, 0]);
const pairs = Array.from({ length: COUNT }, (): TextPair => {
  // From 1950 to 2049.
  const date = new Date(Date.UTC(1950, 0, 1) + stream.nextInt(36_524) * DAY);
  return { source: formats[stream.nextInt(formats.length)]!.format(date), targets: [date.toISOString().slice(0, 10)] };
});
// By the day: no day of the test was seen in another form.
await learnPairs(split(pairs.map((pair) => [pair.targets[0]!, pair])), [
  "14 de julio de 2031",
  "Saturday, 29 February 2048",
  "mar, 3 de mayo de 1988",
]);
