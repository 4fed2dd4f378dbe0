import { expect, test } from "vitest";
import { AFFIX_SLOTS, affixesOf, charactersOf, plainForm } from "../../src/text/word-features.js";

test("forms leave out case, digits and how marks are written", () => {
  expect(plainForm("Cafe\u0301-٣7")).toBe("café-00");
  expect(plainForm("a\ud800")).toBe("a\ufffd");
});

test("characters are code points; of a long word those at its ends", () => {
  expect(charactersOf("e\u0301😀")).toEqual(["é", "😀"]);
  expect(charactersOf(`${"a".repeat(12)}bcd${"e".repeat(12)}`).join("")).toBe("a".repeat(12) + "e".repeat(12));
  expect(charactersOf("x".repeat(1_000_000)).length).toBe(24);
  expect(charactersOf("")).toEqual([]);
});

test("affixes: beginnings, ends, shape and its runs, one a slot", () => {
  expect(affixesOf("McDonald's")).toEqual(["<m", "<mc", "<mcd", "<mcdo", ">s", ">'s", ">d's", ">ld's", "=XxXxxxxx'x", "~XxXx'x"]);
  expect(affixesOf("A1")).toEqual(["<a", "<a0", "", "", ">0", ">a0", "", "", "=X0", "~X0"]);
  expect(affixesOf("हिन्दी").slice(8)).toEqual(["=xxx", "~x"]);
  for (const word of ["", "😀", "\ud800", "x".repeat(100_000)]) {
    const names = affixesOf(word);
    expect(names.length).toBe(AFFIX_SLOTS);
    expect(names.every((name) => name.length < 16)).toBe(true);
    expect(new Set(names.filter((name) => name !== "")).size).toBe(names.filter((name) => name !== "").length);
  }
});
