/** C1: from process start to the first F5 result, as the difference to a process with an empty script, in turn. */
import { spawnSync } from "node:child_process";
import path from "node:path";
import { pathToFileURL } from "node:url";

const ROUNDS = 21;

export function coldStart(root: string): { id: string; system: string; value: number; unit: string; min: number; n: number }[] {
  const entry = pathToFileURL(path.join(root, "dist/infer.js")).href;
  const script = `
    const { createEngine, LSTM } = await import(${JSON.stringify(entry)});
    const engine = await createEngine();
    const stepper = new LSTM(engine, { inputSize: 64, hiddenSize: 128 }).stepper();
    const h = new Float32Array(128);
    stepper.step(new Float32Array(64), h);
    if (h.some(Number.isNaN)) process.exit(1);`;
  const time = (code: string): number => {
    const start = performance.now();
    const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" });
    if (status !== 0) throw new Error(`C1: the process ended with ${status}: ${stderr}`);
    return performance.now() - start;
  };
  const differences: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const [full, empty] = [time(script), time("")];
    if (round > 0) differences.push(full - empty);
  }
  differences.sort((a, b) => a - b);
  return [{ id: "C1", system: "recurra", value: differences[ROUNDS >> 1]!, unit: "ms", min: differences[0]!, n: ROUNDS }];
}
