/** What the programs of the peers share. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { Cannot } from "../protocol.js";

const folder = path.join(process.env.RECURRA_ROOT ?? process.cwd(), "bench/peers");

/** A package of bench/peers. The caller says what it uses of it: the packages' own types are there only where they are installed. */
export async function importPeer<T>(name: string): Promise<T> {
  const { default: load } = (await import(pathToFileURL(path.join(folder, "load.mjs")).href)) as {
    default: (name: string) => Promise<unknown>;
  };
  try {
    return (await load(name)) as T;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ERR_MODULE_NOT_FOUND") throw new Cannot(`${name} is not installed (npm ci --prefix bench/peers)`);
    throw new Cannot(`${name} does not load: ${message}`);
  }
}

/** The version that is installed. */
export async function versionOf(name: string): Promise<string> {
  return (JSON.parse(await readFile(path.join(folder, "node_modules", name, "package.json"), "utf8")) as { version: string }).version;
}
