import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { StorageError } from "../../src/errors.js";
import { folderStore } from "../../src/platform/node.js";

const top = mkdtempSync(path.join(tmpdir(), "recurra-store-"));
afterAll(() => rmSync(top, { recursive: true, force: true }));

describe("folderStore", () => {
  test("makes the folder, writes, replaces and reads; what is not there is undefined", async () => {
    const folder = path.join(top, "a/b");
    const store = folderStore(folder);
    expect(await store.read("x")).toBeUndefined();
    await store.write("x", Uint8Array.of(1, 2));
    await store.write("x", Uint8Array.of(3));
    expect(await store.read("x")).toEqual(Uint8Array.of(3));
    expect(readdirSync(folder)).toEqual(["x"]);
  });

  test("the next start takes out what dead processes left, and nothing else", async () => {
    const folder = path.join(top, "c");
    await folderStore(folder).write("x", Uint8Array.of(1));
    const { pid: dead } = spawnSync(process.execPath, ["-e", ""]);
    const kept = [".x.tmp", `.x.${process.ppid}.tmp`, "notes.tmp", "x"];
    for (const name of [`.x.${dead}.tmp`, `.y.${process.pid}.tmp`, ...kept.slice(0, 3)]) writeFileSync(path.join(folder, name), "half");
    await folderStore(folder).read("x");
    expect(readdirSync(folder).sort()).toEqual([...kept].sort());
  });

  test("a write that fails leaves the old file and no other", async () => {
    const folder = path.join(top, "d");
    const store = folderStore(folder);
    await store.write("x", Uint8Array.of(1));
    await expect(store.write("no/x", Uint8Array.of(2))).rejects.toBeInstanceOf(StorageError);
    expect(readdirSync(folder)).toEqual(["x"]);
    expect([...readFileSync(path.join(folder, "x"))]).toEqual([1]);
  });

  test("a folder that cannot be made is a StorageError with its path", async () => {
    writeFileSync(path.join(top, "file"), "");
    await expect(folderStore(path.join(top, "file", "x")).read("y")).rejects.toThrowError(/folder .*file.x: .*, wants a folder/);
  });
});
