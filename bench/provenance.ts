/** On which machine, runtime and commit a run was made. */
import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import type { Provenance } from "./report.js";

function commitOf(root: string): string {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty"], {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
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
