/** Spans that tags mark: B-PER I-PER O, and its kin. */

/**
 * IOB2: B-x begins a span, I-x goes on with it, O is outside. IOBES: moreover E-x ends a span and S-x is one of a single token.
 * BILOU: the same with L for E and U for S.
 */
export type SpanScheme = "IOB2" | "IOBES" | "BILOU";

/** Tokens start (inclusive) to end (exclusive). */
export interface Span {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

const ROLES: Readonly<Record<string, string>> = { L: "E", U: "S" };

/** What a tag says, in the letters of IOBES. A tag that is none of the schemes' is outside. */
function read(tag: string): { role: string; type: string } {
  const role = ROLES[tag[0]!] ?? tag[0]!;
  return /^[BIESLU](-|$)/.test(tag) ? { role, type: tag.slice(2) } : { role: "O", type: "" };
}

/**
 * The spans of tags of any of the schemes, by the rule of conlleval and of seqeval's default mode, which repairs: a span begins at B or S, and at
 * I or E where none of the same type is open; it ends after E or S, and before whatever does not go on with it.
 * @param scheme with one, nothing is repaired, as in seqeval's mode "strict": what is no whole span of the scheme is none
 */
export const spansOf = (tags: readonly string[], scheme?: SpanScheme): Span[] =>
  scheme === undefined ? repairedSpans(tags) : wholeSpans(tags, scheme);

function repairedSpans(tags: readonly string[]): Span[] {
  const spans: Span[] = [];
  let open: { type: string; start: number } | null = null;
  const close = (end: number) => {
    if (open !== null) spans.push({ ...open, end });
    open = null;
  };
  for (const [t, tag] of tags.entries()) {
    const { role, type } = read(tag);
    const goesOn: boolean = open !== null && (role === "I" || role === "E") && (open as { type: string }).type === type;
    if (!goesOn) {
      close(t);
      if (role !== "O") open = { type, start: t };
    }
    if (role === "E" || role === "S") close(t + 1);
  }
  close(tags.length);
  return spans;
}

function wholeSpans(tags: readonly string[], scheme: SpanScheme): Span[] {
  const spans: Span[] = [];
  const closed = scheme !== "IOB2";
  const roles = tags.map((tag) => (LETTERS[scheme].includes(tag[0]!) ? read(tag) : read("O")));
  for (let start = 0; start < tags.length; ) {
    const { role, type } = roles[start]!;
    let end = start + 1;
    if (role === "B") while (roles[end]?.role === "I" && roles[end]!.type === type) end++;
    const isEnded = role === "B" && roles[end]?.role === "E" && roles[end]!.type === type;
    if (isEnded) end++;
    if (role === "S" || (role === "B" && (isEnded || !closed))) spans.push({ type, start, end });
    start = end;
  }
  return spans;
}

const LETTERS: Readonly<Record<SpanScheme, string>> = { IOB2: "BIIB", IOBES: "BIES", BILOU: "BILU" };

/** Tags of `length` tokens that mark the spans. */
export function tagsOf(spans: readonly Span[], length: number, scheme: SpanScheme): string[] {
  const [begin, inside, end, single] = LETTERS[scheme];
  const tags = new Array<string>(length).fill("O");
  for (const span of spans) {
    const name = (letter: string) => (span.type === "" ? letter : `${letter}-${span.type}`);
    for (let t = span.start; t < span.end; t++) tags[t] = name(t === span.start ? begin! : t === span.end - 1 ? end! : inside!);
    if (span.end - span.start === 1) tags[span.start] = name(single!);
  }
  return tags;
}

/** Tags of any of the schemes, IOB1 too, as tags of one; what breaks their scheme is repaired, see spansOf. */
export const convertTags = (tags: readonly string[], scheme: SpanScheme): string[] => tagsOf(spansOf(tags), tags.length, scheme);

/**
 * The scheme that the tags of all sentences are of, by their letters; null where they mark no spans. Every tag has to be "O" or a letter of a
 * scheme with "-" and a type; the letters alone count where both B and I are there.
 */
export function detectScheme(sentences: Iterable<readonly string[]>): SpanScheme | null {
  const tags = new Set<string>();
  for (const sentence of sentences) for (const tag of sentence) tags.add(tag);
  const letters = new Set(Array.from(tags, (tag) => (/^(O$|[BIESLU](-.|$))/su.test(tag) ? tag[0]! : "")));
  const has = (some: string) => [...some].some((letter) => letters.has(letter));
  const typed = [...tags].some((tag) => tag[1] === "-");
  if (letters.has("") || !has("BISU") || !(typed || (tags.has("B") && tags.has("I")))) return null;
  if (has("LU")) return has("ES") ? null : "BILOU";
  return has("ES") ? "IOBES" : "IOB2";
}
