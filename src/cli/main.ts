/** The `recurra` command. Exit codes: 0 done, 1 the input or model was refused, 2 the call was wrong. */
import { Command, CommanderError } from "commander";
import coreWasm from "../../build/wasm/core-baseline-inline.js";
import { createEngineFrom } from "../engine/load.js";
import { isRecurraError } from "../errors.js";
import { VERSION } from "../version.js";
import { type CreateEngine, type PredictOptions, predict } from "./predict.js";

const createEngine: CreateEngine = (options) =>
  createEngineFrom(options, {
    trainAbi: null,
    baseline: { core: coreWasm, train: null },
    loadRelaxed: async () => ({ core: (await import("../../build/wasm/core-relaxed-inline.js")).default, train: null }),
    tape: null,
    loadThreads: async () => {
      const [{ startThreads }, { spawnWorker }] = await Promise.all([import("../engine/threads.js"), import("../platform/workers.js")]);
      return { startThreads, spawn: () => spawnWorker(new URL("./worker.js", import.meta.url)) };
    },
    loadJsKernels: async () => (await import("../engine/js/index.js")).createJsKernels,
  });

const program = new Command("recurra")
  .description("Train and run recurrent networks for text.")
  .version(VERSION)
  .showHelpAfterError("(--help shows what there is)")
  .showSuggestionAfterError()
  .exitOverride();

program
  .command("predict")
  .description("Label each line of a file, or of standard input, with a saved model.")
  .argument("<model>", "model file, as training wrote it")
  .argument("[file]", "text, one example a line; - or nothing for standard input")
  .option("--top <k>", "print the k likeliest labels of each line", "1")
  .option("--json", "one JSON object a line instead of tab-separated columns")
  .option("--backend <name>", "auto, wasm or js", "auto")
  .addHelpText(
    "after",
    `
Output: label, probability and text of each line, tab-separated.

Examples:
  echo "Todos los seres humanos nacen libres" | recurra predict models/language.safetensors
  recurra predict models/language.safetensors sentences.txt --top 3 --json`,
  )
  .action((model: string, file: string | undefined, options: PredictOptions) => predict(createEngine, model, file, options));

async function main(): Promise<number> {
  try {
    await program.parseAsync();
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!isRecurraError(error)) throw error;
    process.stderr.write(`recurra: ${error.message}\n`);
    return error.code === "config" ? 2 : 1;
  }
}

// A closed pipe (recurra predict … | head) is the reader's decision, not a failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

process.exitCode = await main();
