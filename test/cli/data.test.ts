import { describe, expect, test } from "vitest";
import { cutDev } from "../../src/cli/data.js";

const label = (text: string): string => text[0]!;
const rows = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts).flatMap(([name, n]) => Array.from({ length: n }, (_, i) => `${name}${i}`));

describe("the part cut for dev", () => {
  test("is a tenth of every class and of the whole; every example is in one of both, in its order", () => {
    const examples = rows({ a: 500, b: 300, c: 95, d: 5 });
    const { train, dev } = cutDev(examples, label, 1);
    const count = (name: string) => dev.filter((text) => label(text) === name).length;
    expect(dev).toHaveLength(90);
    expect([count("a"), count("b"), count("c") + count("d")]).toEqual([50, 30, 10]);
    expect([...train, ...dev].sort()).toEqual([...examples].sort());
    const places = dev.map((text) => examples.indexOf(text));
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  test("follows from the seed, whatever the order of the classes", () => {
    const examples = rows({ a: 100, b: 100 });
    expect(cutDev(examples, label, 7)).toEqual(cutDev(examples, label, 7));
    expect(cutDev(examples, label, 8).dev).not.toEqual(cutDev(examples, label, 7).dev);
  });

  test("many rare classes give their share too, and none of them its last example", () => {
    const examples = rows(Object.fromEntries("abcdefghijklmnopqrstuvwxyz".split("").map((name) => [name, 2])));
    const { train, dev } = cutDev(examples, label, 3);
    expect(dev).toHaveLength(5);
    expect(new Set(train.map(label)).size).toBe(26);
  });

  test("a single example stays in training; large data give 5000", () => {
    expect(cutDev(["a0"], label, 1)).toEqual({ train: ["a0"], dev: [] });
    expect(cutDev(rows({ a: 40_000, b: 60_000 }), label, 1).dev).toHaveLength(5000);
  });
});
