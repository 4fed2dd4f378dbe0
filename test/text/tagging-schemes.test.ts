import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Stream } from "../../src/engine/random.js";
import { convertTags, detectScheme, type Span, type SpanScheme, spansOf, tagsOf } from "../../src/text/tagging-schemes.js";

const shown = (spans: readonly Span[]) => spans.map(({ type, start, end }) => `${type} ${start}-${end}`);
const read = (tags: string) => spansOf(tags.split(" ")).map(({ type, start, end }) => `${type}:${start}-${end}`);

/** Pairs of neighbouring tags, as seqeval's schemes list them: letters before and now (* any), and = same type, ! another, * any. */
const PATTERNS: Record<"IOB2" | "IOBES", Record<"start" | "inside" | "end", readonly string[]>> = {
  IOB2: { start: ["*B*"], inside: ["BI=", "II="], end: ["IO*", "II!", "IB*", "BO*", "BI!", "BB*"] },
  IOBES: { start: ["*B*", "*S*"], inside: ["BI=", "BE=", "II=", "IE="], end: ["S**", "E**"] },
};
const matches = (patterns: readonly string[], before: string, now: string) =>
  patterns.some(
    ([a, b, c]) =>
      (a === "*" || a === before[0]) && (b === "*" || b === now[0]) && (c === "*" || (before.slice(2) === now.slice(2)) === (c === "=")),
  );

function strictReference(tags: readonly string[], scheme: keyof typeof PATTERNS): string[] {
  const { start, inside, end } = PATTERNS[scheme];
  const all = [...tags, "O"];
  const found: string[] = [];
  for (let i = 0; i < all.length; ) {
    let next = i + 1;
    if (matches(start, all[i - 1] ?? "O", all[i]!)) {
      while (next < all.length && matches(inside, all[next - 1]!, all[next]!)) next++;
      if (matches(end, all[next - 1]!, all[next]!)) found.push(`${all[i]!.slice(2)} ${i}-${next}`);
    }
    i = next;
  }
  return found;
}

/** conlleval: a chunk is open from a start to an end, both told by neighbours. */
function repairedReference(tags: readonly string[]): string[] {
  const ends = (a: string, b: string) => "ES".includes(a[0]!) || (a !== "O" && ("BSO".includes(b[0]!) || a.slice(2) !== b.slice(2)));
  const starts = (a: string, b: string) => "BS".includes(b[0]!) || (b !== "O" && ("ESO".includes(a[0]!) || a.slice(2) !== b.slice(2)));
  const found: string[] = [];
  let begin = 0;
  for (const [i, now] of [...tags, "O"].entries()) {
    const before = tags[i - 1] ?? "O";
    if (ends(before, now)) found.push(`${before.slice(2)} ${begin}-${i}`);
    if (starts(before, now)) begin = i;
  }
  return found;
}

describe("spans of tags", () => {
  test("agrees with seqeval's and conlleval's rules on random tags, whole and broken", () => {
    const stream = new Stream([3, 0]);
    for (const [scheme, letters] of [
      ["IOB2", "BI"],
      ["IOBES", "BIES"],
    ] as const) {
      for (let round = 0; round < 3000; round++) {
        const tags = Array.from({ length: stream.nextInt(8) }, () => {
          const letter = `O${letters}`[stream.nextInt(letters.length + 1)]!;
          return letter === "O" ? "O" : `${letter}-${"xy"[stream.nextInt(2)]}`;
        });
        expect(shown(spansOf(tags, scheme)), `${scheme} ${tags}`).toEqual(strictReference(tags, scheme));
        expect(shown(spansOf(tags)), `${tags}`).toEqual(repairedReference(tags));
        const letter = { E: "L", S: "U" } as Record<string, string>;
        const bilou = tags.map((tag) => tag.replace(/^[ES]/, (found) => letter[found]!));
        expect(spansOf(bilou, scheme === "IOBES" ? "BILOU" : scheme)).toEqual(spansOf(tags, scheme));
        expect(spansOf(bilou)).toEqual(spansOf(tags));
      }
    }
  });

  test("IOB2, IOBES and BILOU give the same spans", () => {
    const wanted = ["PER:0-2", "LOC:3-4", "PER:4-7"];
    expect(read("B-PER I-PER O B-LOC B-PER I-PER I-PER")).toEqual(wanted);
    expect(read("B-PER E-PER O S-LOC B-PER I-PER E-PER")).toEqual(wanted);
    expect(read("B-PER L-PER O U-LOC B-PER I-PER L-PER")).toEqual(wanted);
  });

  // Each line by seqeval 1.2.2, get_entities of the default mode.
  test.each([
    ["I-PER I-PER O", ["PER:0-2"]],
    ["O I-PER I-LOC", ["PER:1-2", "LOC:2-3"]],
    ["B-PER I-LOC I-LOC", ["PER:0-1", "LOC:1-3"]],
    ["I-PER B-PER I-PER", ["PER:0-1", "PER:1-3"]],
    ["E-PER E-PER", ["PER:0-1", "PER:1-2"]],
    ["B-PER E-PER I-PER", ["PER:0-2", "PER:2-3"]],
    ["S-PER I-PER", ["PER:0-1", "PER:1-2"]],
    ["B-PER S-PER O", ["PER:0-1", "PER:1-2"]],
    ["O O", []],
    ["B-a-b I-a-b", ["a-b:0-2"]],
  ])("%s is repaired as seqeval does", (tags, wanted) => {
    expect(read(tags)).toEqual(wanted);
  });

  test("letters alone mark spans without a type; other tags are outside", () => {
    expect(read("B I O B")).toEqual([":0-2", ":3-4"]);
    expect(read("BIRD INTJ O NOUN")).toEqual([]);
    expect(spansOf([])).toEqual([]);
  });

  test("spans come back from their tags in every scheme", () => {
    const runs = fc.array(
      fc.record({ gap: fc.integer({ min: 0, max: 2 }), length: fc.integer({ min: 1, max: 4 }), type: fc.constantFrom("A", "B-c", "") }),
    );
    const schemes = fc.constantFrom<SpanScheme>("IOB2", "IOBES", "BILOU");
    fc.assert(
      fc.property(runs, schemes, schemes, (parts, scheme, other) => {
        let at = 0;
        const spans = parts.map(({ gap, length, type }) => {
          const start = at + gap;
          at = start + length;
          return { type, start, end: at };
        });
        const tags = tagsOf(spans, at + 1, scheme);
        expect(spansOf(tags)).toEqual(spans);
        expect(convertTags(convertTags(tags, other), scheme)).toEqual(tags);
      }),
    );
  });

  test("IOB1 and tags that break their scheme become IOB2", () => {
    expect(convertTags(["I-x", "I-x", "B-x", "O", "I-y"], "IOB2")).toEqual(["B-x", "I-x", "B-x", "O", "B-y"]);
  });
});

describe("detection of a scheme", () => {
  test.each<[string, SpanScheme | null]>([
    ["O B-x I-x", "IOB2"],
    ["O I-x", "IOB2"],
    ["B-x S-y O", "IOBES"],
    ["B-x E-x", "IOBES"],
    ["B-x L-x U-y", "BILOU"],
    ["B I O", "IOB2"],
    ["O", null],
    ["", null],
    ["NOUN O VERB", null],
    ["B-x L-x E-x", null],
    ["I B", "IOB2"],
    ["I O S", null],
    ["B-x NOUN", null],
  ])("%s: %s", (tags, wanted) => {
    expect(detectScheme([tags === "" ? [] : tags.split(" ")])).toBe(wanted);
  });
});
