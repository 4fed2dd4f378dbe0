/** What V8 can do and keeps off, switched on by flags while our kernels are compiled and put back as it was. */

/** Runs a function, and nothing else of this thread, under flags. */
type Under = <T>(run: () => T) => T;

interface V8Flags {
  /** With relaxed SIMD, where it is off and can be switched on: a module keeps what it was compiled with, if it is not waited for. */
  readonly relaxed?: Under;
  /**
   * With two operations on neighbouring vectors made one of 256 bits, where the processor has AVX2. Modules that are compiled without waiting
   * are optimised at once, for only the optimising compiler does it, and later it would not.
   */
  readonly wide?: Under;
}

/** With the major versions of Node that they were tried in: V8 complains of one it does not know, and cannot be asked. */
const RELAXED = { versions: [20], flags: { "experimental-wasm-relaxed-simd": true } };
/**
 * Node 22, 23 and Deno have the first and not what it switches. V8 inlines by what its first compiler counted: without that one, and with
 * inlining on, V8 of Node 25 and 26 ends the process. No other version is taken before the tests have run on it.
 */
const WIDE = {
  versions: [24],
  flags: { "experimental-wasm-revectorize": true, liftoff: false, "wasm-lazy-compilation": false, "wasm-inlining": false },
};

function under(flags: Readonly<Record<string, boolean>>, given: string): Under {
  // Whoever started the process may have set it, and what it was cannot be asked.
  const own = Object.entries(flags).filter(([name]) => !given.includes(name));
  if (own.length === 0) return (run) => run();
  return (run) => {
    // Node takes milliseconds to load it.
    const v8 = process.getBuiltinModule("node:v8");
    const set = (put: boolean) => {
      for (const [name, on] of own) v8.setFlagsFromString(`--${on === put ? "" : "no-"}${name}`);
    };
    try {
      set(true);
      return run();
    } finally {
      set(false);
    }
  };
}

/** What this runtime has to offer; nothing where it is not Node. */
export function v8Flags(): V8Flags {
  const { versions, arch, execArgv, env } = globalThis.process ?? {};
  if (versions === undefined || versions.deno !== undefined || versions.bun !== undefined || versions.electron !== undefined) return {};
  const major = Number.parseInt(versions.node, 10);
  // Edge workers have some of a process.
  const given = [...(execArgv ?? []), env?.NODE_OPTIONS].join(" ").replaceAll("_", "-");
  return {
    relaxed: under(RELAXED.versions.includes(major) ? RELAXED.flags : {}, given),
    ...(WIDE.versions.includes(major) && arch === "x64" && { wide: under(WIDE.flags, given) }),
  };
}
