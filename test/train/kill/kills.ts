/** Trainings whose processes are killed at random moments, and go on. */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { build } from "esbuild";
import { Stream } from "../../../src/engine/random.js";
import { decodeModelFile } from "../../../src/io/model-file.js";

export interface KillReport {
  readonly kills: number;
  /** Kills that left a file half written beside the whole one. */
  readonly inWrites: number;
  /** Trainings that came to their end. */
  readonly trainings: number;
  readonly failures: readonly string[];
}

/** Runs the worker; after `killAfter` milliseconds it gets SIGKILL. @returns what it printed, null when it was killed before its end */
function run(program: string, folder: string | undefined, killAfter?: number): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...(folder === undefined ? [] : [folder])], { stdio: ["ignore", "pipe", "pipe"] });
    let [output, errors] = ["", ""];
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (errors += chunk));
    const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killAfter);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (signal === "SIGKILL") resolve(null);
      else if (code === 0) resolve(output.trim());
      else reject(new Error(`the worker ended with ${code ?? signal}: ${errors}`));
    });
  });
}

/** Updates that last.safetensors stands after, 0 when there is none yet; a file that cannot be read throws. */
function inspect(folder: string): { step: number; files: string[] } {
  const files = readdirSync(folder);
  let step = 0;
  for (const name of files.filter((file) => !file.endsWith(".tmp"))) {
    const { training } = decodeModelFile(new Uint8Array(readFileSync(path.join(folder, name))));
    if (name === "last.safetensors") step = (JSON.parse(training.text!) as { position: { step: number } }).position.step;
  }
  return { step, files };
}

/** Trains again and again until so many processes have been killed; every training must end with the weights of one that was not. */
export async function killTrainings(kills: number, seed: number, progress: (text: string) => void = () => {}): Promise<KillReport> {
  const top = mkdtempSync(path.join(tmpdir(), "recurra-kills-"));
  try {
    const program = path.join(top, "worker.mjs");
    const entry = path.join(import.meta.dirname ?? "", "worker.ts");
    const source = process.env.RECURRA_ROOT === undefined ? entry : path.join(process.env.RECURRA_ROOT, "test/train/kill/worker.ts");
    await build({
      entryPoints: [source],
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node20",
      outfile: program,
      logLevel: "error",
    });
    const start = performance.now();
    const wanted = await run(program, undefined);
    // With the files to write, training takes longer than this: few processes reach their end before they are killed.
    const within = Math.round(performance.now() - start);
    progress(`not killed: ${wanted}, ${within} ms`);
    const random = new Stream([seed, 0]);
    const report = { kills: 0, inWrites: 0, trainings: 0, failures: [] as string[] };
    while (report.kills < kills && report.failures.length === 0) {
      const folder = mkdtempSync(path.join(top, "training-"));
      let [done, step, known]: [string | null, number, string[]] = [null, 0, []];
      while (done === null) {
        done = await run(program, folder, report.kills < kills ? random.nextInt(within) : undefined);
        if (done === null) report.kills++;
        const found = inspect(folder);
        if (done === null && found.files.some((name) => name.endsWith(".tmp"))) report.inWrites++;
        const lost = known.filter((name) => !found.files.includes(name));
        if (lost.length > 0 || found.step < step)
          report.failures.push(`kill ${report.kills}: lost ${lost}, at update ${found.step} after ${step}`);
        [step, known] = [found.step, found.files.filter((name) => !name.endsWith(".tmp"))];
        progress(`${report.kills} kills, at update ${step}`);
      }
      report.trainings++;
      if (done !== wanted) report.failures.push(`training ${report.trainings} ended with ${done}, wants ${wanted}`);
      if (known.length !== readdirSync(folder).length) report.failures.push(`training ${report.trainings} left ${readdirSync(folder)}`);
    }
    return report;
  } finally {
    rmSync(top, { recursive: true, force: true });
  }
}
