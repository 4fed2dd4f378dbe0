/** Which tag may follow which in a scheme that marks spans. */
import { ConfigError } from "../errors.js";
import { oneOf } from "../options.js";

/** What a CRF's paths may do; true: allowed. */
export interface CRFConstraints {
  /** [K] */
  readonly start: readonly boolean[];
  /** [K][K], transitions[i][j] from i to j. */
  readonly transitions: readonly (readonly boolean[])[];
  /** [K] */
  readonly end: readonly boolean[];
}

/** Letters for outside, begin, inside, and where spans are closed: end, single. */
const SCHEMES = { IOB2: "OBI", IOBES: "OBIES", BILOU: "OBILU" } as const;
export type TaggingScheme = keyof typeof SCHEMES;

/**
 * The moves that make whole spans. IOB2: I-x follows B-x or I-x. IOBES, and BILOU with L for E and U for S: moreover B-x and I-x go on
 * with I-x or E-x, and no sequence ends with them.
 * @param labels one a tag, in the order of the tags: "O", or a letter of the scheme alone or with "-" and a type ("B-PER")
 * @throws ConfigError on an unknown scheme, or a label that is none of it
 */
export function taggingConstraints(labels: readonly string[], scheme: TaggingScheme): CRFConstraints {
  const letters = SCHEMES[oneOf("taggingConstraints", "scheme", scheme, Object.keys(SCHEMES) as TaggingScheme[])];
  const closed = letters.length > 3;
  const tags = labels.map((label, i) => {
    const role = typeof label === "string" && /^O$|^[^O](-.|$)/s.test(label) ? letters.indexOf(label[0]!) : -1;
    if (role < 0) {
      throw new ConfigError(
        `taggingConstraints: label ${JSON.stringify(label)} at ${i}, wants O, or one of ${[...letters.slice(1)].join(", ")} with - and a type (${scheme})`,
      );
    }
    return { open: role === 1 || role === 2, goesOn: role === 2 || role === 3, type: label.slice(1) };
  });
  return {
    start: tags.map(({ goesOn }) => !goesOn),
    transitions: tags.map(({ open, type }) => tags.map((to) => (to.goesOn ? open && to.type === type : !(closed && open)))),
    end: tags.map(({ open }) => !(closed && open)),
  };
}
