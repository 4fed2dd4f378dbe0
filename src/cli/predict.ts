/** recurra predict: labels for lines of text. */
import { createReadStream } from "node:fs";
import type { Engine } from "../engine/engine.js";
import type { EngineOptions } from "../engine/load.js";
import { ConfigError, FormatError, isRecurraError, StorageError } from "../errors.js";
import { readBytes } from "../platform/node.js";
import { type Prediction, SequenceClassifier } from "../tasks/sequence-classifier.js";

export interface PredictOptions {
  readonly top: string;
  readonly json?: boolean;
  readonly backend: string;
}

/** Lines go through the network so many at a time when they come from a file or a pipe. */
const BATCH = 64;

export type CreateEngine = (options: EngineOptions) => Promise<Engine>;

export async function predict(createEngine: CreateEngine, model: string, file: string | undefined, options: PredictOptions): Promise<void> {
  const top = Number(options.top);
  if (!(Number.isInteger(top) && top >= 1)) throw new ConfigError(`predict: --top ${options.top}, wants a whole number from 1`);
  const { backend } = options;
  const engine = await createEngine({ backend: backend as "auto" });
  const classifier = SequenceClassifier.load(engine, await readBytes(model));
  const interactive = (file === undefined || file === "-") && process.stdin.isTTY === true;
  if (interactive) process.stderr.write("Type a sentence and press Enter; end with Ctrl-D.\n");
  let lines: string[] = [];
  const flush = () => {
    const predictions = classifier.predict(lines);
    for (const [i, prediction] of predictions.entries())
      process.stdout.write(render(lines[i]!, prediction, classifier.labels, top, options.json === true));
    lines = [];
  };
  try {
    for await (const line of linesOf(file)) {
      if (line === "" && interactive) continue;
      lines.push(line);
      if (interactive || lines.length === BATCH) flush();
    }
  } catch (error) {
    if (isRecurraError(error) || (error as NodeJS.ErrnoException).code === undefined) throw error;
    throw new StorageError(`predict: ${(error as Error).message}, wants a readable text`, { cause: error });
  }
  flush();
}

/** Lines without their ends or a byte order mark; @throws FormatError with the line where the text is not UTF-8 */
async function* linesOf(file: string | undefined): AsyncGenerator<string> {
  const input: AsyncIterable<Buffer> = file === undefined || file === "-" ? process.stdin : createReadStream(file);
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let number = 0;
  const decode = (line: Buffer): string => {
    number++;
    try {
      const text = decoder.decode(line);
      return number === 1 ? text.replace(/^\ufeff/, "") : text;
    } catch (error) {
      throw new FormatError(`predict: line ${number} is not UTF-8, wants UTF-8 text`, { cause: error });
    }
  };
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of input) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      yield decode(bytes.subarray(start, end > start && bytes[end - 1] === 13 ? end - 1 : end));
      start = end + 1;
    }
    rest = bytes.subarray(start);
  }
  if (rest.length > 0) yield decode(rest);
}

function render(text: string, { probabilities }: Prediction, labels: readonly string[], top: number, json: boolean): string {
  const ranked = labels.map((label, i) => ({ label, probability: probabilities[i]! })).sort((a, b) => b.probability - a.probability);
  const shown = ranked.slice(0, top).map(({ label, probability }) => ({ label, probability: Number(probability.toFixed(4)) }));
  if (json) return `${JSON.stringify({ text, predictions: shown })}\n`;
  return `${shown.map(({ label, probability }) => `${label}\t${probability.toFixed(4)}`).join("\t")}\t${text}\n`;
}
