/** On which machine, runtime and commit a run was made. */
import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import type { Provenance } from "./report.js";

/** What benchmarks write themselves: a run that has written is of the same commit. */
const WRITTEN = ["bench/accuracy.json", "bench/ACCURACY.md", "bench/RESULTS.md", "bench/pictures"];

function commitOf(root: string): string {
  const git = (...args: readonly string[]) =>
    execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    const others = WRITTEN.map((file) => `:(exclude)${file}`);
    const changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ...others);
    return git("describe", "--always") + (changed === "" ? "" : "-dirty");
  } catch {
    return "unknown";
  }
}

export function provenanceOf(root: string): Provenance {
  const [first] = cpus();
  return {
    machine: { cpu: first?.model.trim() ?? "unknown", cores: cpus().length, arch: process.arch, platform: process.platform },
    runtime: `node ${process.version}`,
    commit: commitOf(root),
    date: new Date().toISOString().slice(0, 10),
  };
}
