import { describe, expect, test } from "vitest";
import { integers, numbers, sample } from "../../bench/data.js";
import { type Answer, Cannot, type Remote, type Request, respond, type System } from "../../bench/protocol.js";
import { difference, measureRow, type Running, ratio } from "../../bench/rounds.js";
import { forward, product, ROWS } from "../../bench/rows.js";
import { fittedExponent, median, quantile } from "../../bench/statistics.js";

/** A system in this process; `log` gets what it was asked for, in turn with the others. */
function local(id: string, log: string[], system: Partial<System>): Running {
  const answer = respond(() => ({ facts: {}, prepare: () => ({ run: () => undefined, check: () => [1, 2] }), ...system }));
  const call = async (request: Request) => {
    log.push(`${id} ${request.op}`);
    return answer(request);
  };
  // What else this process does is none of the system's business.
  return { id, remote: { call: call as Remote["call"], close: () => undefined }, threads: 64 };
}

async function described(...systems: Running[]) {
  for (const { remote } of systems) await remote.call<"describe">({ op: "describe" });
  return systems;
}

const row = product("M2", 2, 2, 2);
const effort = { ms: 0, warmMs: 0 };

describe("measureRow", () => {
  test("takes the systems in turn, round after round", async () => {
    const log: string[] = [];
    const { timings, left } = await measureRow(row, await described(local("a", log, {}), local("b", log, {})), effort);
    expect(log.filter((line) => line.endsWith("time"))).toEqual(["a time", "b time", "a time", "b time", "a time", "b time"]);
    expect(timings.map(({ id, rounds }) => [id, rounds.length])).toEqual([
      ["a", 3],
      ["b", 3],
    ]);
    expect(left).toEqual([]);
    expect(log.slice(-2)).toEqual(["b memory", "b release"]);
  });

  test("does not time a wrong result, nor what cannot be done, and says why", async () => {
    const log: string[] = [];
    const wrong = local("wrong", log, { prepare: () => ({ run: () => undefined, check: () => [1, 2.1] }) });
    const unable = local("unable", log, {
      prepare: () => {
        throw new Cannot("no products");
      },
    });
    const broken = local("broken", log, {
      prepare: () => {
        throw new Error("out of luck");
      },
    });
    const unchecked = local("unchecked", log, { prepare: () => ({ run: () => undefined, check: () => [] }) });
    const { timings, left } = await measureRow(row, await described(local("right", log, {}), wrong, unable, broken, unchecked), effort);
    expect(timings.map(({ id }) => id)).toEqual(["right", "unchecked"]);
    expect(left).toEqual([
      { id: "wrong", why: expect.stringMatching(/^wrong result: value 1 is 2.1, wants 2 within/), failed: true },
      { id: "unable", why: "no products", failed: false },
      { id: "broken", why: "Error: out of luck", failed: true },
    ]);
    expect(log).not.toContain("wrong time");
  });

  test("has no time for a system that works with more threads than it says", async () => {
    const says = ({ remote, ...rest }: Running, ms: number, cpuMs: number | null): Running => {
      const call = (request: Request) =>
        request.op === "time" ? Promise.resolve({ ms, cpuMs }) : remote.call<"memory">(request as { op: "memory" });
      return { ...rest, threads: 1, remote: { ...remote, call: call as Remote["call"] } };
    };
    const two = { ...says(local("two", [], {}), 10, 19), threads: 2 };
    const systems = [
      says(local("secret", [], {}), 10, 19),
      says(local("honest", [], {}), 10, 11),
      says(local("page", [], {}), 10, null),
      two,
    ];
    const { timings, left } = await measureRow(row, await described(...systems), effort);
    expect(timings.map(({ id }) => id)).toEqual(["honest", "page", "two"]);
    expect(left).toEqual([{ id: "secret", why: "keeps 1.9 cores busy, says it works with 1 of them", failed: true }]);
  });
});

describe("difference", () => {
  const layer = forward("F", "LSTM", 1, 1, 64, 128);
  test("allows the roundings of another order of summation, and no more", () => {
    const allowed = 16 * Math.sqrt(192) * 2 ** -24;
    expect(difference(layer, [1, 0.5 + 0.9 * allowed], [1, 0.5])).toBeUndefined();
    expect(difference(layer, [1, 0.5 + 1.1 * allowed], [1, 0.5])).toMatch(/^value 1 is/);
  });
  test("NaN and another count are differences", () => {
    expect(difference(layer, [1, Number.NaN], [1, 0.5])).toMatch(/^value 1 is NaN, wants 0.5/);
    expect(difference(layer, [1], [1, 0.5])).toBe("1 values, wants 2");
  });
});

test("ratio pairs the rounds of both and gives their middle half", () => {
  const timing = (id: string, rounds: number[]) => ({ id, rounds, runs: 1, memory: null });
  const slow = timing("slow", [4, 6, 8, 20, 10]);
  expect(ratio(slow, timing("fast", [2, 2, 2, 2, 2, 9]))).toEqual({ median: 4, low: 3, high: 5, rounds: 5 });
});

test("quantiles are of the sorted values, and a power law has its exponent", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(quantile([10, 2], 0)).toBe(2);
  expect(median([])).toBeNaN();
  expect(fittedExponent([1, 2, 4, 8].map((x) => ({ x, y: 5 * x ** 1.5 })))).toBeCloseTo(1.5, 12);
});

// bench/peers/torch_bench.py makes the same numbers.
test("seeded data", () => {
  expect(Array.from(numbers(4, 3))).toEqual([0.44045355916023254, -0.9226756691932678, -0.08761561661958694, -0.8501439690589905]);
  const ids = integers({ name: "x", shape: [10_000], seed: 5, below: 7 });
  expect([...new Set(ids)].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(sample(Float32Array.from({ length: 2500 }, (_, i) => i)).slice(0, 3)).toEqual([0, 3, 6]);
});

test("the rows have the sizes of the workloads", () => {
  expect(ROWS.map(({ id }) => id).join(" ")).toBe(
    "M32 M64 M128 M256 M512 M1024 M1x256x1024 M32x256x1024 F1 F2 F3 F4 F5 T1 T2 T3 T4 T1-lazy",
  );
  const f2 = ROWS.find(({ id }) => id === "F2")!;
  expect(f2.flops).toBe(2 * 32 * 64 * 1024 * 384);
  expect(f2.arrays.map(({ name, shape }) => `${name} ${shape.join("x")}`)).toEqual([
    "x 32x64x128",
    "weight_ih_l0 1024x128",
    "weight_hh_l0 1024x256",
    "bias_ih_l0 1024",
    "bias_hh_l0 1024",
  ]);
});

test("an answer is typed by its request", async () => {
  const answer = respond(() => ({ facts: { build: "x" }, prepare: () => ({ run: () => Promise.resolve(), check: () => [] }) }));
  expect(await answer({ op: "describe" })).toEqual({ facts: { build: "x" } } satisfies Answer);
  expect(await answer({ op: "prepare", row })).toEqual({ check: [] });
  expect(await answer({ op: "time", runs: 2 })).toEqual({ ms: expect.any(Number), cpuMs: expect.any(Number) });
  expect(await answer({ op: "memory" })).toEqual({ memory: null });
  await answer({ op: "release" });
  await expect(answer({ op: "time", runs: 1 })).rejects.toThrowError("no row is prepared");
});
