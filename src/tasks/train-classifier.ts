/** Training of a sequence classifier from labelled texts; its code is loaded when it is called. */
import type { Engine } from "../engine/engine.js";
import type { FitResult } from "../train/fit.js";
import type { TrainClassifierOptions } from "./classifier-options.js";
import type { ClassifierData } from "./classifier-plan.js";
import type { SequenceClassifier } from "./sequence-classifier.js";

/**
 * @param data training examples, and dev examples by which the best weights, shares and temperature are chosen
 * @throws ConfigError on a bad option, on labels that do not go with it, or on fewer than two of them (one where a text may have several)
 */
export async function trainSequenceClassifier(
  engine: Engine,
  data: ClassifierData,
  options: TrainClassifierOptions = {},
): Promise<{ classifier: SequenceClassifier; result: FitResult }> {
  const { trainClassifier } = await import("./classifier-training.js");
  return trainClassifier(engine, data, options);
}
