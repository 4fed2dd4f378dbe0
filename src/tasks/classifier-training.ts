/** Training of a sequence classifier from labelled texts: the bag, then the network, then how much each counts. */
import type { Engine } from "../engine/engine.js";
import { Module } from "../nn/module.js";
import type { Parameter } from "../ops/init.js";
import { checkOptions } from "../options.js";
import { tensor } from "../tensor/create.js";
import type { StateSource } from "../tensor/state.js";
import type { Tensor } from "../tensor/tensor.js";
import { UNKNOWN_ID, Vocabulary } from "../text/vocabulary.js";
import type { FitResult } from "../train/fit.js";
import { CLASSIFIER_KEYS, type TrainClassifierOptions } from "./classifier-options.js";
import { type ClassifierData, type ClassifierPlan, planClassifier } from "./classifier-plan.js";
import { corrupting, epochBatches } from "./draws.js";
import type { RowNames } from "./fine-tuning.js";
import { fitScales, type Logits } from "./mixture.js";
import { startAsNaiveBayes } from "./naive-bayes.js";
import { type EncodedText, SequenceClassifier } from "./sequence-classifier.js";
import { lossOf, qualityOf } from "./targets.js";
import type { TextNetwork } from "./text-network.js";
import { trainBag } from "./train-bag.js";
import { type TrainedTask, trainNetwork } from "./training.js";

/** Below this share of the logits a part is left out. */
const LEAST_SHARE = 0.02;

/** @see trainSequenceClassifier */
export async function trainClassifier(
  engine: Engine,
  data: ClassifierData,
  options: TrainClassifierOptions,
): Promise<{ classifier: SequenceClassifier; result: FitResult }> {
  checkOptions("trainSequenceClassifier", options, CLASSIFIER_KEYS);
  const plan = planClassifier(engine, data, options);
  const { classifier } = plan;
  const weights = plan.classWeights === null ? null : tensor(engine, plan.classWeights);
  try {
    const result = await new Training(plan, weights).run();
    return { classifier: leaveOut(classifier), result };
  } catch (error) {
    classifier.dispose();
    throw error;
  } finally {
    weights?.dispose();
  }
}

class Training {
  readonly #train: readonly EncodedText[];
  readonly #dev: readonly EncodedText[];
  /** Logits of the bag for the dev texts, once it is trained. */
  #bag: Logits | null = null;

  constructor(
    private readonly plan: ClassifierPlan,
    private readonly weights: Tensor | null,
  ) {
    this.#train = plan.train.texts.map((text) => plan.classifier.encode(text));
    this.#dev = plan.dev.texts.map((text) => plan.classifier.encode(text));
  }

  async run(): Promise<FitResult> {
    const { classifier, training } = this.plan;
    const { maxSeconds = Number.POSITIVE_INFINITY } = training;
    const first = classifier.bag === null ? undefined : await this.#trainBag(classifier.network === null ? maxSeconds : maxSeconds / 4);
    const seconds = first?.seconds ?? 0;
    if (classifier.network === null || first?.stopped === "aborted") {
      if (classifier.network !== null) classifier.calibrate({ networkShare: 0, temperature: 1 });
      return { ...first!, metric: this.#decide() };
    }
    const left = maxSeconds === Number.POSITIVE_INFINITY ? {} : { maxSeconds: Math.max(0, maxSeconds - seconds) };
    const result = await trainNetwork(classifier.engine, new Learner(classifier.network), this.#task(), { ...training, ...left });
    return { ...result, seconds: seconds + result.seconds, metric: this.#decide() };
  }

  async #trainBag(maxSeconds: number): Promise<FitResult> {
    const { classifier, train, dev, multiLabel, training } = this.plan;
    const bag = classifier.bag!;
    const rows = this.#train.map((text) => text.rows);
    startAsNaiveBayes(bag, rows, train.targets);
    const task = { rows, targets: train.targets, devRows: this.#dev.map((text) => text.rows), devTargets: dev.targets, multiLabel };
    const { signal } = training;
    const result = await trainBag(
      bag,
      { ...task, weights: this.weights },
      {
        ...(signal === undefined ? {} : { signal }),
        ...(maxSeconds === Number.POSITIVE_INFINITY ? {} : { maxSeconds }),
      },
    );
    this.#bag = classifier.scores(this.#dev, (batch) => classifier.bagLogits(batch));
    return result;
  }

  /** Shares and temperature under which the dev texts are the most probable. @returns the dev metric then */
  #decide(): number | undefined {
    const { classifier, dev, multiLabel } = this.plan;
    if (dev.texts.length === 0) return undefined;
    const experts = [
      ...(this.#bag === null ? [] : [this.#bag]),
      ...(classifier.network === null ? [] : [classifier.scores(this.#dev, (batch) => classifier.networkLogits(batch))]),
    ];
    const scales = fitScales(experts, dev.targets, multiLabel);
    const total = scales.reduce((a, b) => a + b, 0);
    if (total > 0) {
      const share = classifier.network === null ? 0 : scales.at(-1)! / total;
      classifier.calibrate({ networkShare: share, temperature: 1 / total });
    }
    return qualityOf(mixed(experts, scales), dev.targets, multiLabel);
  }

  #task(): TrainedTask<readonly number[]> {
    const { classifier, train, multiLabel, training, tokenDropout } = this.plan;
    const { engine } = classifier;
    const lengths = this.#train.map(({ ids }) => ids.length);
    return {
      batches: epochBatches(engine, lengths, training.batchSize),
      count: (rows) => rows.length,
      loss: (rows, step) => {
        const stream = corrupting(engine, step);
        const corrupt = (ids: Int32Array) =>
          tokenDropout === 0 ? ids : ids.map((id) => (stream.nextFloat() < tokenDropout ? UNKNOWN_ID : id));
        const batch = rows.map((row) => this.#train[row]!).map((text) => ({ ...text, ids: corrupt(text.ids) }));
        return lossOf(
          classifier.networkLogits(batch),
          rows.map((row) => train.targets[row]!),
          multiLabel,
          this.weights,
        );
      },
      evaluate: () => this.#decide(),
      save: () => classifier.save(),
      rows: ({ vocabulary: known, labels: classes }) => {
        // Of words and characters a file has both lists.
        const [tokens, letters] = Array.isArray(known) ? [known] : Object.values(known ?? {});
        const names = (from: unknown, to: Vocabulary): RowNames => ({ from: Vocabulary.fromJSON(from).names, to: to.names });
        const { vocabulary, characters } = classifier.parts;
        const outputs = classes === undefined ? null : { from: classes, to: classifier.labels };
        return {
          "embedding.weight": names(tokens, vocabulary),
          ...(letters === undefined || characters === undefined ? {} : { "characters.embedding.weight": names(letters, characters) }),
          "output.weight": outputs,
          "output.bias": outputs,
        };
      },
    };
  }
}

/** The network as it learns: files of the classifier have the bag too, which is not the network's. */
class Learner extends Module {
  constructor(private readonly network: TextNetwork) {
    super();
  }

  override namedParameters(): Iterable<[string, Parameter]> {
    return this.network.namedParameters();
  }

  override loadStateDict(source: StateSource): void {
    this.network.loadStateDict(new Map([...source].filter(([name]) => !name.startsWith("bag."))));
  }
}

const mixed = (experts: readonly Logits[], scales: readonly number[]): Logits =>
  experts[0]!.map((_, i) => experts.reduce((sum, logits, e) => sum + scales[e]! * logits[i]!, 0));

/** The classifier without a part that hardly counts. */
function leaveOut(classifier: SequenceClassifier): SequenceClassifier {
  const { config } = classifier.parts;
  const { networkShare } = config;
  const without = networkShare < LEAST_SHARE ? "network" : networkShare > 1 - LEAST_SHARE ? "bag" : null;
  if (without === null || classifier[without] === null || config.bag === null || config.network === null) return classifier;
  const parts = without === "network" ? { ...classifier.parts, vocabulary: Vocabulary.build([]), characters: undefined } : classifier.parts;
  const kept = new SequenceClassifier(classifier.engine, {
    ...parts,
    config: { ...config, [without]: null, networkShare: without === "network" ? 0 : 1 },
  });
  const values = classifier.module.stateDict();
  for (const [name, parameter] of kept.module.namedParameters()) parameter.assign(values.get(name)!);
  classifier.dispose();
  return kept;
}
