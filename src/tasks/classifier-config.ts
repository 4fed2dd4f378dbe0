/** What a sequence classifier is made of, and its form in a model file. */
import type { PlainJson } from "../io/model-file.js";
import { flag, inRange, wholeNumber } from "../options.js";
import { checkNgramOptions, type NgramOptions } from "./ngrams.js";
import { checkTextNetwork, type TextNetworkConfig } from "./text-network.js";

export interface SequenceClassifierConfig {
  /** The network, or null for the bag alone. */
  readonly network: TextNetworkConfig | null;
  /** The n-grams of the bag, or null for the network alone. */
  readonly bag: NgramOptions | null;
  /** A text may have several labels, or none: each label has a probability of its own. */
  readonly multiLabel: boolean;
  /** Tokens that the network reads; further ones are left out. */
  readonly maxLength: number;
  /** Logits are (1 - networkShare)·bag + networkShare·network, divided by temperature. */
  readonly networkShare: number;
  readonly temperature: number;
}

/** Shares and temperature of a model that has not been calibrated. */
export const UNCALIBRATED = { networkShare: 0.5, temperature: 1 };

function readNetwork(json: Readonly<Record<string, unknown>>): TextNetworkConfig | null {
  if (json.encoder === "bag") return null;
  const config = json as unknown as TextNetworkConfig;
  checkTextNetwork(config);
  return config;
}

/** @throws ConfigError on a bad value or an unknown key */
export function readConfig(json: Readonly<Record<string, unknown>>): SequenceClassifierConfig {
  const where = "SequenceClassifier";
  const { bag = null, multiLabel = false, maxLength = Number.MAX_SAFE_INTEGER, temperature = 1, ...rest } = json;
  const { networkShare = rest.encoder === "bag" ? 0 : 1, ...network } = rest;
  return {
    network: readNetwork(network),
    bag: bag === null ? null : checkNgramOptions(where, bag as NgramOptions),
    multiLabel: flag(where, "multiLabel", multiLabel),
    maxLength: wholeNumber(where, "maxLength", maxLength, 1),
    networkShare: inRange(where, "networkShare", networkShare, 0, 1),
    temperature: inRange(where, "temperature", temperature, Number.MIN_VALUE, Number.MAX_VALUE),
  };
}

/** What readConfig reads; of recurrent layers alone no more than the inference entry knows. */
export function writeConfig({ network, bag, multiLabel, maxLength, networkShare, temperature }: SequenceClassifierConfig): {
  [key: string]: PlainJson;
} {
  return {
    ...(network === null ? { encoder: "bag" } : { ...network, maxLength }),
    ...(bag === null ? {} : { bag: { ...bag } }),
    ...(bag === null || network === null ? {} : { networkShare }),
    ...(multiLabel ? { multiLabel } : {}),
    temperature,
  };
}
