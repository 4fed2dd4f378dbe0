import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Answer } from "../../bench/protocol.js";
import { difference, type Running } from "../../bench/rounds.js";
import { CLASSIFIER, dense, forward, product, type Row, step, training } from "../../bench/rows.js";
import { SYSTEMS, startSystems } from "../../bench/systems/table.js";

// Every system that is there gives the same results: ours always, other libraries where they are installed.
const root = fileURLToPath(new URL("../..", import.meta.url));
const small = { ...CLASSIFIER, vocabulary: 50, inputSize: 6, hiddenSize: 9, batch: 5, time: 7 };
const ROWS: readonly Row[] = [
  product("product", 5, 7, 11),
  product("row", 1, 33, 30),
  forward("LSTM", "LSTM", 3, 5, 6, 9),
  forward("GRU", "GRU", 3, 5, 6, 9),
  forward("RNN", "RNN", 3, 5, 6, 9),
  step("step", 6, 9),
  training("classifier", small),
  training("GRU classifier", { ...small, cell: "GRU" }),
  training("tagger", { ...small, bidirectional: true, everyStep: true, classes: 4 }),
  training("lazy", { ...small, lazy: true }),
  dense("dense", 8, [12, 10, 4]),
];

let running: Running[] = [];
beforeAll(async () => {
  const { ceiling, systems } = await startSystems(
    SYSTEMS.map(({ id }) => id),
    root,
  );
  ceiling.remote.close();
  running = systems.flatMap((system) => (system.running === null ? [] : [system.running]));
}, 240_000);
afterAll(() => {
  for (const { remote } of running) remote.close();
});

test("ours run, but for what the runtime has not", () => {
  expect(running.map(({ id }) => id)).toEqual(expect.arrayContaining(["recurra", "recurra-reproducible", "recurra-scalar", "recurra-js"]));
});

describe("results agree", () => {
  for (const row of ROWS) {
    test(row.id, async () => {
      let wanted: readonly number[] | undefined;
      for (const { id, remote } of running) {
        const answer: Answer<"prepare"> = await remote.call<"prepare">({ op: "prepare", row });
        if (!("check" in answer) || answer.check.length === 0) continue;
        wanted ??= answer.check;
        expect(difference(row, answer.check, wanted), id).toBeUndefined();
        expect(answer.check.every(Number.isFinite), id).toBe(true);
        await remote.call<"release">({ op: "release" });
      }
      expect(wanted?.some((value) => value !== wanted![0])).toBe(true);
    });
  }
});
