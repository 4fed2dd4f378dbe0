/** A language model as what a classifier or tagger starts from: its embedding and encoder go over. */
import { decodeModelFile, type ModelDescription } from "../io/model-file.js";
import type { CellName } from "../nn/recurrent-layer.js";
import type { TokenizerOptions } from "../text/tokenizer.js";
import { checkLanguageConfig, LANGUAGE_MODEL } from "./language-network.js";

export const isLanguageModel = ({ task }: ModelDescription): boolean => task === LANGUAGE_MODEL;

/** Options with which a network takes the encoder over. */
export interface LanguageStart {
  readonly encoder: CellName;
  readonly embeddingDim: number;
  readonly hiddenSize: number;
  readonly numLayers: number;
  readonly tokenizer: TokenizerOptions;
}

/** @param init a model file @returns undefined where it is none, or that of another task. @throws FormatError, ConfigError on a damaged one */
export function languageStart(init: Uint8Array | undefined): LanguageStart | undefined {
  if (init === undefined) return undefined;
  const { model } = decodeModelFile(init);
  if (!isLanguageModel(model)) return undefined;
  const { cell, embeddingDim, hiddenSize, numLayers } = checkLanguageConfig(model.config);
  return { encoder: cell, embeddingDim, hiddenSize, numLayers, tokenizer: model.tokenizer as unknown as TokenizerOptions };
}
