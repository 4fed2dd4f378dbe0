/**
 * The `recurra` command. Exit codes: 0 done, 1 the input or model was refused, or a check failed, 2 the call was wrong, 130 and 143 ended by
 * a signal.
 */
import { Command, CommanderError } from "commander";
import type { EngineAssets } from "../engine/load.js";
import { isRecurraError } from "../errors.js";
import { VERSION } from "../version.js";
import { addCommands } from "./commands.js";
import type { Engines } from "./context.js";

/** Read when a command runs a model, so that help and refusals come at once. */
const inferAssets = async (): Promise<EngineAssets> => ({
  trainAbi: null,
  baseline: { core: (await import("../../build/wasm/core-baseline-inline.js")).default, train: null },
  loadRelaxed: async () => ({ core: (await import("../../build/wasm/core-relaxed-inline.js")).default, train: null }),
  tape: null,
  loadThreads: async () => {
    const [{ startThreads }, { spawnWorker }] = await Promise.all([import("../engine/threads.js"), import("../platform/workers.js")]);
    return { startThreads, spawn: () => spawnWorker(new URL("./worker.js", import.meta.url)) };
  },
  loadJsKernels: async () => (await import("../engine/js/index.js")).createJsKernels,
  loadV8Flags: () => import("../platform/v8.js"),
});

/** What training needs besides is read when a command trains. */
async function trainAssets(): Promise<EngineAssets> {
  const [infer, { default: train }, { TRAIN_ABI }, { backwards }, { initialise }, { Tape }] = await Promise.all([
    inferAssets(),
    import("../../build/wasm/train-baseline-inline.js"),
    import("../engine/abi.js"),
    import("../ops/backwards.js"),
    import("../ops/initialise.js"),
    import("../tensor/tape.js"),
  ]);
  return {
    ...infer,
    trainAbi: TRAIN_ABI,
    baseline: { core: infer.baseline.core, train },
    loadRelaxed: async () => ({
      ...(await infer.loadRelaxed()),
      train: (await import("../../build/wasm/train-relaxed-inline.js")).default,
    }),
    tape: () => new Tape(backwards, initialise),
  };
}

const engines: Engines = {
  infer: async (options) => (await import("../engine/load.js")).createEngineFrom(options, await inferAssets()),
  train: async (options) => (await import("../engine/load.js")).createEngineFrom(options, await trainAssets()),
};

let exitCode = 0;

const program = new Command("recurra")
  .description("Train and run recurrent networks for text.")
  .version(VERSION)
  .showHelpAfterError("(--help shows what there is)")
  .showSuggestionAfterError()
  .exitOverride();
addCommands(program, engines, (code) => {
  exitCode = code;
});

/** Errors of the system with a path or a call, as reading and writing files raise them. */
const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === "string";

async function main(): Promise<number> {
  try {
    await program.parseAsync();
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!isRecurraError(error) && !isSystemError(error)) throw error;
    process.stderr.write(`recurra: ${error.message}\n`);
    return isRecurraError(error, "config") ? 2 : 1;
  }
}

// A closed pipe (recurra predict … | head) is the reader's decision, not a failure; that nobody reads on about a training does not end it.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});
process.stderr.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

process.exitCode = await main();
