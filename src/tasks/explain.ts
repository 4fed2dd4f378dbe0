/** Which tokens of a text speak for a label. */
import type { Engine } from "../engine/engine.js";
import { ConfigError } from "../errors.js";
import { slice } from "../ops/layout.js";
import { sum } from "../ops/reduce.js";
import { checkOptions, oneOf } from "../options.js";
import { tensor } from "../tensor/create.js";
import { gradientsOf, noGrad } from "../tensor/tape.js";
import type { Tensor } from "../tensor/tensor.js";
import { padBatch } from "../text/batching.js";
import { type TokenSpan, tokenSpans } from "../text/token-spans.js";
import { createTokenizer, type Tokenizer } from "../text/tokenizer.js";
import type { SequenceClassifierConfig } from "./classifier-config.js";
import type { NgramBag } from "./ngram-bag.js";
import type { Prediction } from "./prediction.js";
import type { TextNetwork } from "./text-network.js";

export interface ExplainedToken extends TokenSpan {
  /** What the token adds to the label's logit: below 0 where it speaks against the label. */
  readonly weight: number;
}

export interface Explanation {
  readonly label: string;
  readonly probability: number;
  /** In the order of the text. */
  readonly tokens: readonly ExplainedToken[];
  /** What no token adds: the bag's bias, and its n-grams of white space and of the text's ends. */
  readonly rest: number;
}

export interface ExplainOptions {
  /** Default the most probable one. */
  readonly label?: string;
  /** What the text is cut into. Default "words", or "characters" where the text is one word. */
  readonly by?: "words" | "characters";
}

/** What of a SequenceClassifier is looked at. */
export interface Explained {
  readonly engine: Engine;
  readonly network: TextNetwork | null;
  readonly bag: NgramBag | null;
  readonly config: SequenceClassifierConfig;
  readonly labels: readonly string[];
  readonly parts: { readonly tokenizer: Tokenizer };
  readonly characterTokenizer: Tokenizer | undefined;
  encode(text: string): { readonly ids: Int32Array; readonly characters: Int32Array };
  predict(texts: readonly string[]): Prediction[];
}

const WHERE = "SequenceClassifier.explain";
const isVisible = ({ token }: TokenSpan): boolean => token.trim() !== "";
const cut = ({ options }: Tokenizer, type: "words" | "characters", text: string): TokenSpan[] =>
  tokenSpans(createTokenizer({ ...options, type }), text).filter(isVisible);

/** Weights by span, from weights of pieces of the text. */
class Sums {
  readonly weights: Float64Array;
  rest = 0;
  /** The span of each code unit, -1 between spans. */
  readonly #owner: Int32Array;

  constructor(text: string, spans: readonly TokenSpan[]) {
    this.weights = new Float64Array(spans.length);
    this.#owner = new Int32Array(text.length).fill(-1);
    for (const [i, { start, end }] of spans.entries()) this.#owner.fill(i, start, end);
  }

  /** Shares a weight out to what owns the pieces, evenly by code unit. */
  add(weight: number, pieces: readonly TokenSpan[]): void {
    const owners = pieces.flatMap(({ start, end }) => [...this.#owner.subarray(start, end)]).filter((owner) => owner >= 0);
    if (owners.length === 0) this.rest += weight;
    for (const owner of owners) this.weights[owner]! += weight / owners.length;
  }
}

/** Exact, for the bag is a sum over n-grams. */
function addBag({ bag, config }: Explained, text: string, label: number, sums: Sums): void {
  if (bag === null) return;
  const { ngrams } = bag;
  const [weights, bias] = [bag.weight.data(), bag.bias.data()];
  const share = (1 - config.networkShare) / config.temperature;
  const factor = share * bag.shareOf(bag.encode(text));
  const seen = new Set<number>();
  const visitor = (units: readonly (TokenSpan | undefined)[]) => (hash: number, start: number, n: number) => {
    const row = bag.row(hash);
    if (row < 0 || seen.has(row)) return;
    seen.add(row);
    const pieces = units.slice(start, start + n).filter((piece) => piece !== undefined);
    sums.add(factor * weights[row * bias.length + label]!, pieces);
  };
  // Ends of the text and white space are units too, with no place.
  ngrams.visitWords(text, visitor([undefined, ...cut(ngrams.tokenizer, "words", text), undefined]));
  const letters = cut(ngrams.tokenizer, "characters", text);
  let next = 0;
  ngrams.visitCharacters(text, visitor(ngrams.characters(text).map((letter) => (letter === " " ? undefined : letters[next++]))));
  sums.rest += share * bias[label]!;
}

/** Gradient x input of the vectors that the network reads (Shrikumar et al. 2016). */
function addNetwork(classifier: Explained, text: string, label: number, sums: Sums): void {
  const { network, config, engine } = classifier;
  if (network === null) return;
  const { ids, characters } = classifier.encode(text);
  const share = config.networkShare / config.temperature;
  const streams = [
    { embed: network, batch: padBatch([ids]), tokenizer: classifier.parts.tokenizer },
    ...(network.characters === null
      ? []
      : [{ embed: network.characters, batch: padBatch([characters]), tokenizer: classifier.characterTokenizer! }]),
  ];
  const products = engine.step(() => {
    const leaves = streams.map(({ embed, batch }) => {
      const vectors = noGrad(engine, () => embed.embed(batch));
      const leaf = tensor(engine, vectors.data() as Float32Array, vectors.shape);
      leaf.requiresGrad = true;
      return leaf;
    });
    const logits = network.forward(streams[0]!.batch, leaves[0], streams[1]?.batch, leaves[1]);
    const gradients = gradientsOf(WHERE, sum(slice(logits, 1, label, label + 1)), leaves);
    return leaves.map((leaf, i) => productsOf(leaf, gradients[i]!));
  });
  for (const [i, { tokenizer }] of streams.entries()) {
    const spans = tokenSpans(tokenizer, text);
    for (const [t, product] of products[i]!.entries()) sums.add(share * product, spans.slice(t, t + 1));
  }
}

/** Sums over the last axis of x · gradient. */
function productsOf(x: Tensor, gradient: Tensor | null): number[] {
  const [values, slopes] = [x.data(), gradient?.data()];
  const [time, dim] = x.shape.slice(1) as [number, number];
  return Array.from({ length: time }, (_, t) => {
    let total = 0;
    for (let i = t * dim; i < (t + 1) * dim; i++) total += values[i]! * (slopes?.[i] ?? 0);
    return total;
  });
}

/** @see SequenceClassifier.explain */
export function explain(classifier: Explained, text: string, options: ExplainOptions): Explanation {
  checkOptions(WHERE, options, ["label", "by"]);
  const prediction = classifier.predict([text])[0]!;
  const label = options.label ?? prediction.label;
  const id = classifier.labels.indexOf(label);
  if (id < 0) throw new ConfigError(`${WHERE}: label ${JSON.stringify(label)}, wants one of the ${classifier.labels.length} labels`);
  const { tokenizer } = classifier.bag?.ngrams ?? classifier.parts;
  const words = cut(tokenizer, "words", text);
  const by = oneOf(WHERE, "by", options.by ?? (words.length > 1 ? "words" : "characters"), ["words", "characters"]);
  const spans = by === "words" ? words : cut(tokenizer, "characters", text);
  const sums = new Sums(text, spans);
  addBag(classifier, text, id, sums);
  addNetwork(classifier, text, id, sums);
  return {
    label,
    probability: prediction.probabilities[id]!,
    tokens: spans.map((span, i) => ({ ...span, weight: sums.weights[i]! })),
    rest: sums.rest,
  };
}
