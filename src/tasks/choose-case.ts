/** Whether upper and lower case differ: decided by data. */
import type { Engine } from "../engine/engine.js";
import { chooseKeys, startAsNaiveBayes } from "./naive-bayes.js";
import { NgramBag } from "./ngram-bag.js";
import type { Examples } from "./targets.js";
import { bagLoss } from "./train-bag.js";

/** Texts that it is tried on. */
const MAX_TRIED = 6000;
/** Enough to tell. */
const NGRAMS = { words: 1, characters: 3 };

/** Lower case, unless a bag that is naive Bayes alone does better on the dev texts with both cases. */
export function chooseLowercase(engine: Engine, train: Examples, dev: Examples, classes: number, multiLabel: boolean): boolean {
  if (dev.texts.length === 0 || train.texts.every((text) => text === text.toLowerCase())) return true;
  const every = Math.ceil(train.texts.length / MAX_TRIED);
  const some = <T>(all: readonly T[]) => all.filter((_, i) => i % every === 0);
  const [texts, targets] = [some(train.texts), some(train.targets)];
  const [folded, plain] = [true, false].map((lowercase) => {
    const options = { ...NGRAMS, lowercase };
    const keys = chooseKeys(options, texts, classes);
    const bag = new NgramBag(engine, options, keys.length, classes);
    bag.keys.assign(keys);
    startAsNaiveBayes(
      bag,
      texts.map((text) => bag.encode(text)),
      targets,
    );
    const loss = bagLoss(
      bag,
      dev.texts.map((text) => bag.encode(text)),
      dev.targets,
      multiLabel,
    );
    bag.dispose();
    return loss;
  });
  return folded! <= plain!;
}
