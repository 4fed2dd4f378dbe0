/** How well tags fit the truth. */
import type { TaggedTokens } from "../text/examples.js";
import { convertTags, type SpanScheme, spansOf } from "../text/tagging-schemes.js";

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
  const counts = { tokens: 0, right: 0, labels: 0, labelsRight: 0, entities: 0, guessed: 0, hit: 0 };
  truth.forEach((example, i) => {
    const { tags, label } = found[i]!;
    const wanted = scheme === null ? example.tags : convertTags(example.tags, scheme);
    counts.tokens += wanted.length;
    counts.right += wanted.filter((tag, t) => tag === tags[t]).length;
    if (example.label !== undefined) counts.labels++;
    if (example.label !== undefined && example.label === label) counts.labelsRight++;
    if (scheme === null) return;
    const keys = (own: readonly string[]) => spansOf(own).map(({ type, start, end }) => `${start} ${end} ${type}`);
    const [entities, guesses] = [new Set(keys(example.tags)), keys(tags)];
    counts.entities += entities.size;
    counts.guessed += guesses.length;
    counts.hit += guesses.filter((key) => entities.has(key)).length;
  });
  const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
  return {
    accuracy: counts.right / counts.tokens,
    ...(scheme === null
      ? {}
      : {
          precision: share(counts.hit, counts.guessed),
          recall: share(counts.hit, counts.entities),
          f1: share(2 * counts.hit, counts.entities + counts.guessed),
        }),
    ...(labelled ? { labelAccuracy: counts.labelsRight / counts.labels } : {}),
  };
}
