/** In which century a president said a sentence; all of one address is in one part: node scripts/run.mjs examples/speech-centuries.ts */
import { learnLabels } from "./learn-labels.js";
import { speeches, split } from "./package-texts.js";

const century = (year: number) => `${Math.floor(year / 100) + 1}th century`.replace("21th", "21st");

await learnLabels(split(Array.from(speeches(), ({ text, year, speech }) => [speech, { text, label: century(year) }] as const)));
