/** What V8 can do and keeps off, as flags of the whole process: only whoever owns the process may switch them on. */

type V8 = ReturnType<typeof process.getBuiltinModule<"node:v8">>;

// Flags with the major versions of Node that they were tried in: V8 complains of one it does not know, and cannot be asked.

/** Relaxed SIMD under its final opcodes, not yet on; the next versions have it on. */
const RELAXED_SIMD = { flag: "--experimental-wasm-relaxed-simd", versions: [20] };
/**
 * Two operations on neighbouring vectors become one of 256 bits, on x64 processors that have AVX2. Node 22 and Deno have the flag and not
 * what it switches.
 */
const REVECTORIZE = { flag: "--experimental-wasm-revectorize", versions: [24, 25, 26] };

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
  const relaxed = RELAXED_SIMD.versions.includes(major);
  const wide = REVECTORIZE.versions.includes(major) && arch === "x64";
  if (relaxed) v8.setFlagsFromString(RELAXED_SIMD.flag);
  if (wide) v8.setFlagsFromString(REVECTORIZE.flag);
  if (relaxed || wide) return { wide };
  return { wide, note: `no flag of V8 in use: Node ${versions!.node} on ${arch} has none that helps` };
}
