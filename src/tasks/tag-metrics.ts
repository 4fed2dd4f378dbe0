/** How well tags fit the truth. */
import type { TaggedTokens } from "../text/examples.js";
import { convertTags, type SpanScheme } from "../text/tagging-schemes.js";
import { entityScores } from "../train/entity-metrics.js";

export interface TagMetrics {
  /** Share of tokens with the right tag; NaN of none. */
  readonly accuracy: number;
  /** Of entities, where tags mark spans. */
  readonly precision?: number;
  readonly recall?: number;
  readonly f1?: number;
  /** Share of sentences with the right label, where they have one. */
  readonly labelAccuracy?: number;
}

/** A sentence as it was tagged. */
interface Found {
  readonly tags: readonly string[];
  readonly label?: string;
}

/** @param scheme of the found tags, into which the true ones are brought @param labelled whether sentences were given labels */
export function tagMetrics(
  truth: readonly TaggedTokens[],
  found: readonly Found[],
  scheme: SpanScheme | null,
  labelled: boolean,
): TagMetrics {
  const counts = { tokens: 0, right: 0, labels: 0, labelsRight: 0 };
  truth.forEach((example, i) => {
    const { tags, label } = found[i]!;
    const wanted = scheme === null ? example.tags : convertTags(example.tags, scheme);
    counts.tokens += wanted.length;
    counts.right += wanted.filter((tag, t) => tag === tags[t]).length;
    if (example.label !== undefined) counts.labels++;
    if (example.label !== undefined && example.label === label) counts.labelsRight++;
  });
  const entities = () => {
    const { micro } = entityScores(
      truth.map(({ tags }) => tags),
      found.map(({ tags }) => tags),
    );
    return { precision: micro.precision, recall: micro.recall, f1: micro.f1 };
  };
  return {
    accuracy: counts.right / counts.tokens,
    ...(scheme === null ? {} : entities()),
    ...(labelled ? { labelAccuracy: counts.labelsRight / counts.labels } : {}),
  };
}
