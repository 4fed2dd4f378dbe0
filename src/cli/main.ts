/**
 * The `recurra` command. Exit codes: 0 done, 1 the input or model was refused, or a check failed, 2 the call was wrong, 130 and 143 ended by
 * a signal.
 */
import { Command, CommanderError } from "commander";
import { isRecurraError } from "../errors.js";
import { VERSION } from "../version.js";
import { addCommands } from "./commands.js";
import type { Engines } from "./context.js";

const worker = () => new URL("./worker.js", import.meta.url);

/** Read when a command runs a model or trains, so that help and refusals come at once. */
const engines: Engines = {
  infer: async (options) => {
    const [{ createEngineFrom }, { runAssets }] = await Promise.all([import("../engine/load.js"), import("../assets/run.js")]);
    return createEngineFrom(options, runAssets(worker));
  },
  train: async (options) => {
    const [{ createEngineFrom }, { trainAssets }] = await Promise.all([import("../engine/load.js"), import("../assets/train.js")]);
    return createEngineFrom(options, trainAssets(worker));
  },
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
