import { describe, expect, test } from "vitest";
import { clauses, loadUdhr } from "../../examples/udhr-data.js";

describe("the data of the language identifier", () => {
  const { train, dev, test: held, languages } = loadUdhr();

  test("forty languages, at least twelve of them not in Latin script, near-twins under one label", () => {
    expect(languages).toHaveLength(40);
    expect(languages.filter(({ script }) => script !== "Latin").length).toBeGreaterThanOrEqual(12);
    expect(languages.find(({ code }) => code === "por")!.texts).toEqual(["por_BR", "por_PT"]);
    expect(languages.find(({ code }) => code === "hbs")!.texts).toEqual(["bos_latn", "hrv", "srp_latn"]);
  });

  test("every language is trained on and tested, and no text stands on two sides", () => {
    for (const part of [train, dev, held]) expect(new Set(part.map(({ label }) => label)).size).toBe(40);
    const sides = [train, dev, held].map((part) => new Set(part.map(({ text }) => text)));
    for (const [i, side] of sides.entries())
      for (const text of side) for (const other of sides.slice(i + 1)) expect(other.has(text)).toBe(false);
    expect(held.length).toBeGreaterThan(400);
  });

  test("clauses are cut at sentence ends, long sentences at commas, and short pieces joined or dropped", () => {
    expect(
      clauses(
        "Artículo 1. Todos los seres humanos nacen libres e iguales en dignidad; y, dotados como están de razón y conciencia, deben comportarse fraternalmente los unos con los otros.",
      ),
    ).toEqual([
      "Todos los seres humanos nacen libres e iguales en dignidad",
      "y, dotados como están de razón y conciencia",
      "deben comportarse fraternalmente los unos con los otros",
    ]);
    expect(clauses("第一条")).toEqual([]);
  });
});
