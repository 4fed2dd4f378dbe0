/** recurra predict: what a saved model says about lines of text. */
import { readBytes } from "../../platform/node.js";
import type { Engines } from "../context.js";
import { linesOf } from "../lines.js";
import { wholeFlag } from "../options.js";
import { taskOfModel } from "../tasks/index.js";
import type { PredictStyle } from "../tasks/task.js";

export interface PredictFlags {
  readonly top: string;
  readonly json?: boolean;
  readonly tokens?: boolean;
  readonly beam?: string;
  readonly nbest?: string;
  readonly alignment?: boolean;
  readonly backend: string;
}

const wholeFrom1 = (flag: string, text: string): number => wholeFlag("predict", flag, text, 1);

/** Lines go through the network so many at a time when they come from a file or a pipe. */
const BATCH = 256;

export async function predict(engines: Engines, file: string, text: string | undefined, flags: PredictFlags): Promise<void> {
  const style: PredictStyle = {
    top: wholeFrom1("--top", flags.top),
    json: flags.json === true,
    tokens: flags.tokens === true,
    alignment: flags.alignment === true,
    ...(flags.beam === undefined ? {} : { beam: wholeFrom1("--beam", flags.beam) }),
    ...(flags.nbest === undefined ? {} : { nBest: wholeFrom1("--nbest", flags.nbest) }),
  };
  const bytes = await readBytes(file);
  const task = await taskOfModel(file, bytes);
  const model = task.load(await engines.infer({ backend: flags.backend as "auto" }), bytes);
  const interactive = (text === undefined || text === "-") && process.stdin.isTTY === true;
  if (interactive) process.stderr.write("Type a sentence and press Enter; end with Ctrl-D.\n");
  let lines: string[] = [];
  const flush = () => {
    const rendered = model.predict(lines, style);
    if (rendered.length > 0) process.stdout.write(`${rendered.join("\n")}\n`);
    lines = [];
  };
  for await (const line of linesOf(text)) {
    if (line === "" && interactive) continue;
    lines.push(line);
    if (interactive || lines.length === BATCH) flush();
  }
  flush();
}
