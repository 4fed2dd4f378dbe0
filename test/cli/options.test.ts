import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { addOptions, choice, count, flagOf, type OptionTable, readConfiguration, readFlags, real, yes } from "../../src/cli/options.js";

const TABLE: OptionTable = {
  hiddenSize: count(1, "size of the state"),
  lr: real(0, 10, "learning rate"),
  encoder: choice(["gru", "lstm"], "what reads"),
  bidirectional: yes("both ends"),
};

function parse(...args: string[]): Record<string, unknown> {
  const command = new Command().exitOverride();
  addOptions(command, "Model:", TABLE);
  command.parse(args, { from: "user" });
  return readFlags("train", command.opts(), TABLE);
}

const config = (text: string) => readConfiguration("c.json", new TextEncoder().encode(text), TABLE);

describe("option tables", () => {
  test("flags are the names in kebab case, and only what was given comes back, as the library takes it", () => {
    expect(flagOf("hiddenSize")).toBe("--hidden-size");
    expect(parse()).toEqual({});
    expect(parse("--hidden-size", "8", "--lr", "1e-3", "--encoder", "lstm", "--no-bidirectional")).toEqual({
      hiddenSize: 8,
      lr: 0.001,
      encoder: "lstm",
      bidirectional: false,
    });
    expect(parse("--bidirectional")).toEqual({ bidirectional: true });
  });

  test.each([
    [["--hidden-size", "0"], "train: --hidden-size 0, wants a whole number from 1"],
    [["--hidden-size", "8.5"], "train: --hidden-size 8.5, wants a whole number from 1"],
    [["--hidden-size", "many"], 'train: --hidden-size "many", wants a whole number from 1'],
    [["--hidden-size", ""], 'train: --hidden-size "", wants a whole number from 1'],
    [["--lr", "11"], "train: --lr 11, wants a number from 0 to 10"],
    [["--encoder", "gro"], 'train: --encoder "gro", wants "gru" or "lstm"'],
  ])("%j is refused by name and wish", (args, message) => {
    expect(() => parse(...args)).toThrow(message);
  });

  test("a configuration file has the same names and checks", () => {
    expect(config('{"hiddenSize": 16, "lr": 0.01, "bidirectional": false}')).toEqual({ hiddenSize: 16, lr: 0.01, bidirectional: false });
    expect(config('// as ever\n{"lr": /* low */ 0.01}')).toEqual({ lr: 0.01 });
    expect(config("{}")).toEqual({});
  });

  test.each([
    ['{"hiddenSize": -4}', "c.json: hiddenSize -4, wants a whole number from 1"],
    ['{"hiddenSize": "4"}', 'c.json: hiddenSize "4", wants a whole number from 1'],
    ['{"hiddenSize": null}', "c.json: hiddenSize null, wants a value"],
    ['{"bidirectional": 1}', "c.json: bidirectional 1, wants true or false"],
    ['{"hidenSize": 4}', "c.json: unknown option hidenSize, wants hiddenSize"],
    ['{"__proto__": {"hiddenSize": 4}}', "c.json: unknown option __proto__"],
    ['{"constructor": 1}', "c.json: unknown option constructor"],
    ['{"lr": 1, "lr": 2}', "c.json, line 1, column 11: "],
    ['{"lr": NaN}', "c.json, line 1, column 8: "],
    ["[]", "c.json, line 1, column 1: "],
    ["", "c.json, line 1, column 1: "],
  ])("%s is refused", (text, message) => {
    expect(() => config(text)).toThrow(message);
  });
});
