/** Files on Node. Errors of the system become StorageError, with the path. */
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { StorageError } from "../errors.js";

/** Name of the file that is written beside another: the process is in it, so that no two write the same. */
const temporaryOf = (name: string, pid: number | string) => `.${name}.${pid}.tmp`;
const TEMPORARY = /^\..+\.(\d+)\.tmp$/s;

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** @throws StorageError when the file cannot be read */
export async function readBytes(file: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(file));
  } catch (error) {
    throw new StorageError(`read ${file}: ${reason(error)}, wants a readable file`, { cause: error });
  }
}

/** Writes beside the file, flushes and renames, so that a crash leaves the old file or the new one. @throws StorageError */
export async function writeBytes(file: string, bytes: Uint8Array): Promise<void> {
  const temporary = path.join(path.dirname(file), temporaryOf(path.basename(file), process.pid));
  let handle: FileHandle | undefined;
  try {
    handle = await open(temporary, "w");
    await handle.writeFile(bytes);
    await handle.sync();
    await handle.close();
    handle = undefined;
    await rename(temporary, file);
    const folder = await open(path.dirname(file) || ".", "r");
    await folder.sync().finally(() => folder.close());
  } catch (error) {
    await handle?.close().catch(() => undefined);
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new StorageError(`write ${file}: ${reason(error)}, wants a writable place`, { cause: error });
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs, but is another's.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Makes the folder, and takes out what processes that ended while they wrote have left in it. */
async function prepareFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    for (const name of await readdir(folder)) {
      const pid = Number(TEMPORARY.exec(name)?.[1]);
      if (pid === process.pid || (pid > 0 && !isRunning(pid))) await rm(path.join(folder, name), { force: true });
    }
  } catch (error) {
    throw new StorageError(`folder ${folder}: ${reason(error)}, wants a folder that can be written`, { cause: error });
  }
}

/**
 * A folder as a store of files by name, for checkpoints: made when it is not there; a write leaves the old file or the new one whatever
 * happens, and what a killed process has left half written goes at the first use.
 * @throws StorageError from read and write
 */
export function folderStore(folder: string): {
  read(name: string): Promise<Uint8Array | undefined>;
  write(name: string, bytes: Uint8Array): Promise<void>;
} {
  let ready: Promise<void> | undefined;
  const prepared = () => {
    ready ??= prepareFolder(folder);
    return ready;
  };
  return {
    async read(name) {
      await prepared();
      try {
        return await readBytes(path.join(folder, name));
      } catch (error) {
        const { cause } = error as StorageError;
        if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
    async write(name, bytes) {
      await prepared();
      await writeBytes(path.join(folder, name), bytes);
    },
  };
}

/** A file as the readers take it: a name for messages and the bytes, from the start each time. @throws StorageError while it is read */
export function fileSource(file: string): { readonly name: string; bytes(): AsyncIterable<Uint8Array> } {
  return {
    name: file,
    async *bytes() {
      try {
        for await (const chunk of createReadStream(file)) yield new Uint8Array(chunk as Buffer);
      } catch (error) {
        throw new StorageError(`read ${file}: ${reason(error)}, wants a readable file`, { cause: error });
      }
    },
  };
}
