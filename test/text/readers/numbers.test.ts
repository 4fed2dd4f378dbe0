import { describe, expect, test } from "vitest";
import { readNumberSequences, sourceOf } from "../../../src/text/readers/index.js";

const read = (name: string, text: string, options = {}) => readNumberSequences(sourceOf(name, text), options);

describe("sequences of numbers", () => {
  test("a table without more is one sequence, a row a step", async () => {
    const values = [
      [1, 2],
      [-0.5, 300],
    ];
    expect(await read("x.csv", "open,close\n1,2\n-.5,3e2\n")).toEqual([{ values }]);
    expect(await read("x.tsv", "1\t2\n-0.5\t300\n")).toEqual([{ values }]);
    expect(await read("x.txt", "1\n2\n")).toEqual([{ values: [[1], [2]] }]);
    const dated = "date\topen\tclose\nMon\t1\t2\nTue\t-0.5\t300\n";
    for (const column of ["open+close", "2-3", "2+3"])
      expect(await read("x.tsv", column.startsWith("o") ? dated : dated.slice(16), { columns: { values: column } })).toEqual([{ values }]);
    expect(await read("x.csv", dated.replaceAll("\t", ","), { columns: { values: "2-3" } })).toEqual([{ values }]);
    expect(await read("x.csv", dated.replaceAll("\t", ","), { columns: { values: "close" } })).toEqual([{ values: [[2], [300]] }]);
  });

  test("a column of names groups rows; a target is the sequence's own", async () => {
    expect(await read("x.csv", "sequence,x,target\na,1,up\nb,5,down\na,2,up\n")).toEqual([
      { values: [[1], [2]], target: "up" },
      { values: [[5]], target: "down" },
    ]);
    expect(await read("x.csv", "sequence,x\na,1\nb,5\na,2\n")).toEqual([{ values: [[1], [2]] }, { values: [[5]] }]);
  });

  test("with a target and no groups each row is a sequence; targets are numbers where all are", async () => {
    expect(await read("x.tsv", "1\t5\t6\n2\t7\t8\n", { columns: { target: 1 } })).toEqual([
      { values: [[5], [6]], target: 1 },
      { values: [[7], [8]], target: 2 },
    ]);
    expect((await read("x.tsv", "1\t5\t6\nx\t7\t8\n", { columns: { target: 1 } })).map(({ target }) => target)).toEqual(["1", "x"]);
  });

  test("JSON lines: values alone or with a target, steps of one number or of several", async () => {
    expect(await read("x.jsonl", '[1,2]\n{"values":[[3]],"target":"a"}\n{"values":[4],"target":[5,6]}\n')).toEqual([
      { values: [[1], [2]] },
      { values: [[3]], target: "a" },
      { values: [[4]], target: [5, 6] },
    ]);
    expect(await read("x", '{"v":[1],"t":2.5}', { columns: { values: "v", target: "t" } })).toEqual([{ values: [[1]], target: 2.5 }]);
  });

  test.each([
    ["x.csv", "a,b\n1,x\n", 2, 3, /"x", wants a number \(columns values=…/],
    ["x.csv", "a,b\n1,\n", 2, 3, /"", wants a number/],
    ["x.csv", "a\nNaN\n", 2, 1, /"NaN"/],
    ["x.csv", "a\nInfinity\n", 2, 1, /"Infinity"/],
    ["x.csv", "a\n1e999\n", 2, 1, /"1e999"/],
    ["x.csv", "a\n0x10\n", 2, 1, /"0x10"/],
    ["x.csv", "sequence,x,target\na,1,up\na,2,down\n", 3, 5, /target "down", wants "up" as in/],
    ["x.csv", "x,target\n1,\n", 2, 3, /an empty target/],
    ["x.csv", "target\n1\n", 1, 1, /1 column .*wants at least one of values/],
    ["x.jsonl", "[1]\n[[1,2]]\n", 2, 1, /2 numbers a step, wants 1/],
    ["x.jsonl", "[[1],[2,3]]\n", 1, 1, /step 2 \[2,3\]/],
    ["x.jsonl", "[[]]\n", 1, 1, /step 1 \[\]/],
    ["x.jsonl", "[]\n", 1, 1, /no list of steps/],
    ["x.jsonl", '[1,"2"]\n', 1, 1, /step 2/],
    ["x.jsonl", '{"values":[1],"target":null}\n', 1, 1, /target null/],
    ["x.jsonl", "[1e999]\n", 1, 1, /1e999/],
  ])("%s %j is refused at line %i, column %i", async (name, text, line, column, message) => {
    const error = await read(name, text).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "format", file: name, line, column });
    expect((error as Error).message).toMatch(message);
  });

  test("columns that are not there are refused, ranges too", async () => {
    for (const values of [3, "2-9", "0-1", "open"])
      await expect(read("x.tsv", "1\t2\n", { columns: { values } })).rejects.toThrowError(/2 columns .*, wants values in column/);
    await expect(read("x.csv", "a,a\n1,2\n")).rejects.toThrowError(/a second column named "a"/);
    await expect(read("x.tsv", "\n")).rejects.toThrowError(/no sequence of numbers/);
  });
});
