/** The built command as a process, and a folder for its files. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "vitest";

export const cli = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));

/** A folder that goes when the file's tests are over. */
export function scratchFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "recurra-"));
  beforeAll(() => {
    if (!existsSync(cli)) throw new Error("dist/cli.js is missing: npm run build");
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  return folder;
}

export interface Outcome {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

export function run(args: readonly string[], input = ""): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { input, encoding: "utf8" });
  return { status, out: stdout, err: stderr };
}

/** Starts the command; `when` sees all that it has said on standard error so far. */
export function start(args: readonly string[], when: (said: string, child: ChildProcess) => void): Promise<Outcome> {
  const child = spawn(process.execPath, [cli, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
    when(err, child);
  });
  return new Promise((resolve) => child.on("close", (status) => resolve({ status, out, err })));
}

/** Words of letters a to e are low, of f to j high: a table that every classifier learns. */
export function letterTable(repeats: number): string {
  const letters = "abcdefghij".split("");
  const words = letters.flatMap((letter, i) => {
    const other = letters[(i < 5 ? 0 : 5) + ((i + 1) % 5)]!;
    return [letter.repeat(3), letter + other, other + letter + letter].map((word) => `${i < 5 ? "low" : "high"}\t${word}\n`);
  });
  return words.join("").repeat(repeats);
}
