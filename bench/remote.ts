/** A system's process, seen from the benchmark. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { ANSWER, type Answer, type Remote } from "./protocol.js";

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

/** Starts a command and speaks the protocol with it. A process that ends while it is asked rejects what was asked. */
export function startProcess(command: string, args: readonly string[], cwd: string): Remote {
  const child: ChildProcess = spawn(command, args, { cwd, stdio: ["pipe", "pipe", "pipe"] });
  let waiting: Waiting | undefined;
  let ended: Error | undefined;
  let errors = "";
  const end = (error: Error) => {
    ended ??= error;
    waiting?.reject(ended);
    waiting = undefined;
  };
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    errors = (errors + text).slice(-2000);
  });
  child.stdin!.on("error", () => undefined);
  child.on("error", end);
  child.on("close", (code, signal) => {
    const lines = errors.trim().split("\n");
    const cause = lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1);
    end(new Error(`${command} ended with ${signal ?? code}: ${cause || "it said nothing"}`));
  });
  createInterface({ input: child.stdout! }).on("line", (line) => {
    // What else a library prints.
    if (!line.startsWith(ANSWER)) return process.stderr.write(`${line}\n`);
    waiting?.resolve(JSON.parse(line.slice(ANSWER.length)) as Answer);
    waiting = undefined;
    return undefined;
  });
  return {
    call: (request) =>
      new Promise<never>((resolve, reject) => {
        if (ended !== undefined) return reject(ended);
        waiting = { resolve: resolve as unknown as Waiting["resolve"], reject };
        child.stdin!.write(`${JSON.stringify(request)}\n`);
      }),
    close: () => child.stdin!.end(),
  };
}
