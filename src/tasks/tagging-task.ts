/** What a tagger learns from: mini-batches of tagged sentences, their loss, the metric on dev sentences. */
import type { ModelDescription } from "../io/model-file.js";
import { crossEntropy } from "../loss/cross-entropy.js";
import { add } from "../ops/arithmetic.js";
import { tensor } from "../tensor/create.js";
import type { Tensor } from "../tensor/tensor.js";
import { UNKNOWN_ID, Vocabulary } from "../text/vocabulary.js";
import { plainForm } from "../text/word-features.js";
import { corrupting, epochBatches } from "./draws.js";
import type { Rows } from "./fine-tuning.js";
import { isLanguageModel } from "./language-start.js";
import { Lexicon, type TokenBatch, type WordIds } from "./lexicon.js";
import type { PreparedData } from "./tagging-data.js";
import type { TokenClassifier } from "./token-classifier.js";
import type { TrainedTask } from "./training.js";
import { wordSize } from "./word-encoder.js";

const IGNORED = -100;

interface Example {
  readonly words: readonly WordIds[];
  readonly tags: Int32Array;
  readonly label: number;
}

/** What training gets wrong on purpose, so that unknown words mean something later. */
export interface Corruption {
  /** A word that was seen n times is taken for an unknown one with probability a/(a + n), a being this number. */
  readonly wordDropout: number;
  /** Each affix is left out with this probability. */
  readonly affixDropout: number;
}

/** Mini-batches, loss and dev metric of a tagger. */
export function taggingTask(
  tagger: TokenClassifier,
  { train, dev, tags, sentenceLabels }: PreparedData,
  batchSize: number,
  { wordDropout, affixDropout }: Corruption,
): TrainedTask<readonly number[]> {
  const { engine, lexicon } = tagger;
  const tagIds = new Map(tags.map((tag, i) => [tag, i]));
  const examples = train.map(
    (example): Example => ({
      words: tagger.encode(example.tokens),
      tags: Int32Array.from(example.tags, (tag) => tagIds.get(tag)!),
      label: sentenceLabels.indexOf(example.label ?? ""),
    }),
  );
  const lengths = examples.map(({ words }) => words.length);
  const counts = new Int32Array(lexicon.forms.size);
  for (const { words } of examples) for (const { form } of words) counts[form]!++;
  return {
    batches: epochBatches(engine, lengths, batchSize),
    count: (rows) => rows.length,
    weight: (rows) => rows.reduce((sum, row) => sum + lengths[row]!, 0),
    loss: (rows, step) => {
      const stream = corrupting(engine, step);
      const seen = ({ form, affixes, characters }: WordIds): WordIds => ({
        form: stream.nextFloat() * (counts[form]! + wordDropout) < wordDropout ? UNKNOWN_ID : form,
        affixes: affixDropout === 0 ? affixes : affixes.map((id) => (stream.nextFloat() < affixDropout ? 0 : id)),
        characters,
      });
      const own = rows.map((row) => examples[row]!);
      const sentences = own.map(({ words }) => words);
      return lossOf(tagger, own, lexicon.batch(sentences, seen));
    },
    evaluate: () => {
      if (dev.length === 0) return undefined;
      const { accuracy, f1 = accuracy, labelAccuracy } = tagger.evaluate(dev);
      return labelAccuracy === undefined ? f1 : (f1 + labelAccuracy) / 2;
    },
    save: () => tagger.save(),
    rows: (from) => rowNames(from, tagger),
  };
}

/** Of a language model's file: its tokens are forms, and the first inputs of its encoder. */
function rowsOfLanguage({ vocabulary, config }: ModelDescription, { lexicon, network }: TokenClassifier): Rows {
  const from = Vocabulary.fromJSON(vocabulary).names.map((name) => (typeof name === "string" ? plainForm(name) : name));
  const inputs = (size: number) => Array.from({ length: size }, (_, i) => i);
  return {
    "words.forms.weight": { from, to: lexicon.forms.names, source: "embedding.weight" },
    "encoder.weight_ih_l0": { from: inputs(Number(config.embeddingDim)), to: inputs(wordSize(network.config)), axes: [1] },
    "output.weight": null,
    "output.bias": null,
  };
}

/** What the rows of the parameters stand for in another model's file and in this one. */
function rowNames(from: ModelDescription, tagger: TokenClassifier): Rows {
  if (isLanguageModel(from)) return rowsOfLanguage(from, tagger);
  const { vocabulary, labels = [], config } = from;
  const known = Lexicon.fromJSON(vocabulary);
  const own = tagger.lexicon;
  const tags = { from: labels, to: tagger.labels };
  const ofSentences = { from: (config.sentenceLabels ?? []) as string[], to: tagger.sentenceLabels };
  return {
    "words.forms.weight": { from: known.forms.names, to: own.forms.names },
    "words.affixes.weight": { from: known.affixes.names, to: own.affixes.names },
    "words.characters.weight": { from: known.characters.names, to: own.characters.names },
    "output.weight": tags,
    "output.bias": tags,
    "crf.start_transitions": tags,
    "crf.end_transitions": tags,
    "crf.transitions": { ...tags, axes: [0, 1] },
    "sentence.weight": ofSentences,
    "sentence.bias": ofSentences,
  };
}

/** Mean loss of the tags, and of the sentences' labels where they have some. */
function lossOf({ engine, network }: TokenClassifier, examples: readonly Example[], batch: TokenBatch): Tensor {
  const { scores, labelScores } = network.forward(batch);
  const padded = new Int32Array(batch.batch * batch.time).fill(network.crf === null ? IGNORED : 0);
  examples.forEach(({ tags }, row) => void padded.set(tags, row * batch.time));
  const targets = tensor(engine, padded, [batch.batch, batch.time]);
  const { lengths } = batch;
  const loss =
    network.crf?.loss(scores, targets, { lengths, reduction: "tokenMean" }) ?? crossEntropy(scores, targets, { ignoreIndex: IGNORED });
  if (labelScores === null) return loss;
  return add(
    loss,
    crossEntropy(
      labelScores,
      tensor(
        engine,
        Int32Array.from(examples, ({ label }) => label),
      ),
    ),
  );
}
