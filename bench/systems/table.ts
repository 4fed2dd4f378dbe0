/** The systems that can be measured, ours and peers, and how each is started. Each says itself whether it is there. */
import { startProcess } from "../remote.js";
import { describeSystem, type Running, type Started } from "../rounds.js";
import { CEILING } from "./ceiling.js";
import { OWN, type OwnSystem } from "./own.js";

interface SystemEntry {
  readonly id: string;
  readonly title: string;
  readonly peer: boolean;
  /** Commands of which the first that answers is taken. */
  readonly commands: readonly (readonly string[])[];
}

const program = (file: string, ...args: string[]) => [process.execPath, "scripts/run.mjs", file, ...args];
const own = ({ id, title }: OwnSystem): SystemEntry => ({
  id,
  title,
  peer: false,
  commands: [program("bench/systems/child.ts", id)],
});
const peer = (id: string, title: string, ...commands: string[][]): SystemEntry => ({ id, title, peer: true, commands });

/** A Python that has PyTorch may be another than the first one on the path. */
const pythons = [process.env.BENCH_PYTHON, "python3", "/usr/bin/python3"].filter((name) => name !== undefined);

export const SYSTEMS: readonly SystemEntry[] = [
  ...OWN.map(own),
  peer("onnxruntime-web", "WebAssembly SIMD, one thread", program("bench/peers/onnxruntime.ts", "web")),
  peer("onnxruntime-node", "native, one thread", program("bench/peers/onnxruntime.ts", "node")),
  peer("tfjs-wasm", "TensorFlow.js, WebAssembly SIMD, one thread", program("bench/peers/tfjs.ts")),
  peer("jax-js", "WebAssembly, generated at run time", program("bench/peers/jax.ts")),
  peer("brain.js", "plain JavaScript", program("bench/peers/brain.ts")),
  peer("pytorch", "native, one thread", ...pythons.map((python) => [python, "bench/peers/torch_bench.py"])),
];

const ceilingEntry = own({ id: CEILING, title: "128-bit multiply and add" });

/** Tries the commands in turn: the first whose process answers is taken, else all reasons are given. */
async function start({ commands, ...entry }: SystemEntry, root: string): Promise<Started> {
  const reasons = new Set<string>();
  for (const [command, ...args] of commands) {
    const started = await describeSystem(entry, startProcess(command!, args, root));
    if (started.running !== null) return started;
    reasons.add(started.why!);
  }
  return { ...entry, facts: null, why: [...reasons].join("; "), running: null };
}

/** Starts the ceiling and the systems that are asked for; those that cannot be had say why. */
export async function startSystems(ids: readonly string[], root: string): Promise<{ ceiling: Running; systems: Started[] }> {
  const unknown = ids.filter((id) => !SYSTEMS.some((entry) => entry.id === id));
  if (unknown.length > 0) throw new Error(`bench: no system ${unknown.join(", ")}, there are ${SYSTEMS.map(({ id }) => id).join(", ")}`);
  const systems: Started[] = [];
  for (const entry of SYSTEMS.filter(({ id }) => ids.includes(id))) systems.push(await start(entry, root));
  const { running, why } = await start(ceilingEntry, root);
  if (running === null) throw new Error(`bench: the ceiling loop did not start: ${why} (npm run build:wasm)`);
  return { ceiling: running, systems };
}
