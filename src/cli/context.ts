/** What commands are handed by the program: engines, which only the entry can make. */
import type { Engine } from "../engine/engine.js";
import type { EngineOptions } from "../engine/load.js";

export interface Engines {
  /** Runs models. */
  readonly infer: (options: EngineOptions) => Promise<Engine>;
  /** Trains them too. */
  readonly train: (options: EngineOptions) => Promise<Engine>;
}

/** What comes to people, line by line. */
export const say = (text: string): void => void process.stderr.write(`${text}\n`);
