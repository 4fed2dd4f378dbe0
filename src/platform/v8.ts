/** What V8 can do and keeps off, as flags of the whole process: only whoever owns the process may switch them on. */

type V8 = ReturnType<typeof process.getBuiltinModule<"node:v8">>;

/** Node 20 has relaxed SIMD under its final opcodes, not yet on. */
const RELAXED_SIMD = "--experimental-wasm-relaxed-simd";
/** Two operations on neighbouring vectors become one of 256 bits, on x64 processors that have AVX2. */
const REVECTORIZE = "--experimental-wasm-revectorize";
/** The first major version of Node whose V8 has it; 22 knows the flag only, Deno is built without. */
const REVECTORIZE_SINCE = 24;

/**
 * Switches on what makes kernels faster that are compiled from now on.
 * @returns whether pairs of vectors become one of 256 bits, and a note when there was nothing to switch on
 */
export function switchOn(): { readonly wide: boolean; readonly note?: string } {
  const { versions, arch } = globalThis.process ?? {};
  const v8 = globalThis.process?.getBuiltinModule?.("node:v8") as V8 | undefined;
  if (v8 === undefined || versions?.deno !== undefined || versions?.bun !== undefined || versions?.electron !== undefined) {
    return { wide: false, note: "no flag of V8 in use: this runtime is not Node" };
  }
  const major = Number.parseInt(versions!.node, 10);
  if (major < 22) v8.setFlagsFromString(RELAXED_SIMD);
  const wide = major >= REVECTORIZE_SINCE && arch === "x64";
  if (wide) v8.setFlagsFromString(REVECTORIZE);
  if (major < 22 || wide) return { wide };
  return { wide, note: `no flag of V8 in use: Node ${versions!.node} on ${arch} has none that helps` };
}
