/** Vectors of words: of their forms, of their affixes, and what a small recurrent network reads from their characters. */
import type { Engine } from "../engine/engine.js";
import { Embedding } from "../nn/embedding.js";
import { Module } from "../nn/module.js";
import { GRU } from "../nn/recurrent.js";
import { concat } from "../ops/layout.js";
import { topStates } from "../ops/recurrent/top-states.js";
import { sum } from "../ops/reduce.js";
import { tensor } from "../tensor/create.js";
import type { Tensor } from "../tensor/tensor.js";
import { AFFIX_SLOTS } from "../text/word-features.js";
import type { Lexicon, TokenBatch } from "./lexicon.js";

export interface WordEncoderConfig {
  /** Size of a form's vector; 0 leaves forms out. */
  readonly embeddingDim: number;
  /** Size of the sum of the affixes' vectors; 0 leaves them out. */
  readonly affixDim: number;
  /** Size of a character's vector. */
  readonly charDim: number;
  /** Units of the recurrent network over characters, in each direction; 0 leaves characters out. */
  readonly charHiddenSize: number;
}

export const wordSize = ({ embeddingDim, affixDim, charHiddenSize }: WordEncoderConfig): number =>
  embeddingDim + affixDim + 2 * charHiddenSize;

/** Numbers in a word encoder of this configuration. */
export function countWordParameters(config: WordEncoderConfig, lexicon: Lexicon): number {
  const { embeddingDim, affixDim, charDim, charHiddenSize } = config;
  const characters = charHiddenSize === 0 ? 0 : lexicon.characters.size * charDim + 6 * charHiddenSize * (charDim + charHiddenSize + 2);
  return lexicon.forms.size * embeddingDim + lexicon.affixes.size * affixDim + characters;
}

const table = (engine: Engine, numEmbeddings: number, embeddingDim: number): Embedding | null =>
  embeddingDim === 0 ? null : new Embedding(engine, { numEmbeddings, embeddingDim, paddingIdx: 0, sparse: true });

export class WordEncoder extends Module {
  readonly forms: Embedding | null;
  readonly affixes: Embedding | null;
  readonly characters: Embedding | null;
  readonly speller: GRU | null;

  constructor(
    readonly engine: Engine,
    config: WordEncoderConfig,
    lexicon: Lexicon,
  ) {
    super();
    const { embeddingDim, affixDim, charDim, charHiddenSize } = config;
    this.forms = table(engine, lexicon.forms.size, embeddingDim);
    this.affixes = table(engine, lexicon.affixes.size, affixDim);
    this.characters = table(engine, lexicon.characters.size, charHiddenSize === 0 ? 0 : charDim);
    this.speller = charHiddenSize === 0 ? null : new GRU(engine, { inputSize: charDim, hiddenSize: charHiddenSize, bidirectional: true });
  }

  /** @returns f32 [W, wordSize] */
  forward({ forms, affixes, characters, characterCounts }: TokenBatch): Tensor {
    const { engine } = this;
    const count = forms.length;
    const parts: Tensor[] = [];
    if (this.forms !== null) parts.push(this.forms.forward(tensor(engine, forms)));
    if (this.affixes !== null) parts.push(sum(this.affixes.forward(tensor(engine, affixes, [count, AFFIX_SLOTS])), 1));
    if (this.characters !== null && this.speller !== null) {
      const letters = this.characters.forward(tensor(engine, characters, [count, characters.length / count]));
      parts.push(topStates(this.speller.forward(letters, null, { lengths: characterCounts }).state.h, 2));
    }
    return parts.length === 1 ? parts[0]! : concat(parts, 1);
  }
}
