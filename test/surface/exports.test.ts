import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CORE_ABI, TRAIN_ABI } from "../../src/engine/abi.js";
import { Module, Optimizer } from "../../src/index.js";
import { CASES } from "./cases/index.js";
import { KINDS } from "./configurations.js";
import { ENTRIES, SURFACE } from "./exports.js";
import { OPTIMIZERS } from "./optimizers.js";
import { OTHER_NAMES, reasonFor } from "./other.js";

/** Names of the exported classes that have `ancestor` in their line of prototypes. */
const extending = (ancestor: object): string[] =>
  Object.entries(SURFACE).flatMap(([name, subject]) =>
    typeof subject === "function" && Object.prototype.isPrototypeOf.call(ancestor, subject) ? [name] : [],
  );

test("the surface is what the entries of package.json export", () => {
  const { exports } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { exports: object };
  expect(Object.keys(ENTRIES)).toEqual(Object.keys(exports).filter((name) => name !== "./package.json"));
  for (const entry of Object.values(ENTRIES)) for (const name of Object.keys(entry)) expect(SURFACE).toHaveProperty(name);
});

test("every export has a case in cases/ or, without gradients, a reason in other.ts; a module always has a case", () => {
  const unchecked = Object.keys(SURFACE).filter((name) => !(name in CASES) && reasonFor(name) === undefined);
  expect(unchecked).toEqual([]);
  expect(extending(Module).filter((name) => !(name in CASES))).toEqual([]);
});

test("no name has two places, or is gone", () => {
  expect(Object.keys(CASES).filter((name) => reasonFor(name) !== undefined)).toEqual([]);
  expect(OTHER_NAMES.filter((name) => !(name in SURFACE))).toEqual([]);
});

test("every kernel has random calls, every optimizer random options", () => {
  const kernels = KINDS.filter((kind) => kind.startsWith("kernel/")).map((kind) => kind.slice(7));
  expect(kernels.sort()).toEqual([...Object.keys(CORE_ABI), ...Object.keys(TRAIN_ABI)].sort());
  expect(Object.keys(OPTIMIZERS).sort()).toEqual(extending(Optimizer).sort());
});
