/** Which of WordNet's 45 lexicographer files, from noun.animal to verb.weather, a gloss is from: node scripts/run.mjs examples/wordnet-glosses.ts */
import { learnLabels } from "./learn-labels.js";
import { glosses, split } from "./package-texts.js";

await learnLabels(split(Array.from(glosses(), (gloss) => [gloss.text, gloss] as const)));
