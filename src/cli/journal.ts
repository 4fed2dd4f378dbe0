/** What happens while a model trains: kept for the report, and written as JSON lines where a log is wanted. */
import { closeSync, openSync, writeSync } from "node:fs";
import { StorageError } from "../errors.js";
import type { LogRecord } from "../tasks/training-log.js";
import type { FitCallback } from "../train/callbacks.js";

/** A moment of training; `metric` only where dev was just judged. */
export interface Moment {
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
  readonly metric?: number;
}

export class Journal {
  readonly moments: Moment[] = [];
  readonly #file: number | undefined;
  /** @throws StorageError when the log cannot be written */
  constructor(log?: string, resumed = false) {
    if (log === undefined) return;
    try {
      this.#file = openSync(log, resumed ? "a" : "w");
    } catch (error) {
      throw new StorageError(`write ${log}: ${(error as Error).message}, wants a writable place`, { cause: error });
    }
  }

  /** One line of the log. */
  write({ event, ...fields }: LogRecord): void {
    if (this.#file !== undefined) writeSync(this.#file, `${JSON.stringify({ event, time: new Date().toISOString(), ...fields })}\n`);
  }

  /** What keeps the moments. */
  readonly callback: FitCallback = {
    onStep: ({ step, epoch, loss }) => void this.moments.push({ step, epoch, loss }),
    onEvaluate: ({ step, epoch, loss, metric }) => void this.moments.push({ step, epoch, loss, ...(metric !== undefined && { metric }) }),
  };

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }
}
