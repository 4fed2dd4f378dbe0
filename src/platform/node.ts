/** Files on Node. Errors of the system become StorageError, with the path. */
import { type FileHandle, open, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { StorageError } from "../errors.js";

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
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}.tmp`);
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
