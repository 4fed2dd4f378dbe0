/** The package's own wasm files, where there is Node to read them: modules of text would be loaded, decoded and inflated. */

export interface RelaxedModules {
  readonly core: Uint8Array<ArrayBuffer>;
  readonly train?: Uint8Array<ArrayBuffer>;
}

/**
 * Relaxed SIMD's modules; undefined where there are no such files or they may not be read, as in a bundle or another runtime.
 * @param base a file in a folder of dist/
 */
export function readRelaxed(train: boolean, base: string = import.meta.url): RelaxedModules | undefined {
  // Deno would ask whoever sits before it.
  if (globalThis.process?.versions?.deno !== undefined) return undefined;
  try {
    const { readFileSync } = process.getBuiltinModule("node:fs");
    // The base is named apart, or bundlers would take the files for assets.
    const read = (module: string) => readFileSync(new URL(`../wasm/${module}-relaxed.wasm`, base)) as Uint8Array<ArrayBuffer>;
    return { core: read("core"), ...(train && { train: read("train") }) };
  } catch {
    return undefined;
  }
}
