/**
 * npm run bench [-- options]: runs the rows on the systems in turn, each in a process of its own, and prints a table.
 *   --json              the report as JSON         --only M256,T1     rows            --systems a,b   instead of our own
 *   --peers             other libraries too (npm ci --prefix bench/peers installs them; PyTorch is looked for)
 *   --seconds 1.5       timed seconds a row and system at least
 *   --scaling           curves of time and memory instead (--only "batch,length" picks curves)
 *   --write             puts the result into bench/RESULTS.md too
 *   --gate              holds a build to bench/gate.json: exit code 1 when it has become slower
 *   --profile T1,F5     share of each kernel instead
 * Exit code 1 when a system gave a wrong result or broke.
 */
import { parseArgs } from "node:util";
import { collect, type Wish } from "./collect.js";
import { gate } from "./gate.js";
import { scalingTable, table } from "./print.js";
import { printProfile } from "./profile.js";
import { provenanceOf } from "./provenance.js";
import { writeRows, writeScaling } from "./results.js";
import { measureScaling } from "./scaling.js";
import { createEngine } from "./systems/library.js";
import { SYSTEMS } from "./systems/table.js";

const WARM_MS = 300;
/** Short: best-of needs a few quiet moments only. */
const GATE_EFFORT = { ms: 400, warmMs: 150 };
const root = process.env.RECURRA_ROOT ?? process.cwd();

const list = (text: string | undefined): string[] | undefined => text?.split(",").filter((item) => item !== "");

function options() {
  return parseArgs({
    options: {
      json: { type: "boolean", default: false },
      only: { type: "string" },
      systems: { type: "string" },
      peers: { type: "boolean", default: false },
      seconds: { type: "string", default: "1.5" },
      profile: { type: "string" },
      scaling: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      gate: { type: "boolean", default: false },
    },
  }).values;
}

type Values = ReturnType<typeof options>;

function wishOf(values: Values, defaultSystems: readonly string[]): Wish {
  const seconds = Number(values.seconds);
  if (!(seconds >= 0 && Number.isFinite(seconds))) throw new Error(`bench: --seconds ${values.seconds}, wants a number from 0`);
  const only = list(values.only);
  return {
    root,
    only: only && new Set(only),
    systems: list(values.systems) ?? defaultSystems,
    effort: { ms: seconds * 1000, warmMs: WARM_MS },
    say: (line) => process.stderr.write(`${line}\n`),
  };
}

async function rows(values: Values): Promise<void> {
  const report = await collect(
    wishOf(
      values,
      SYSTEMS.filter(({ peer }) => values.peers || !peer).map(({ id }) => id),
    ),
  );
  console.log(values.json ? JSON.stringify(report, null, 1) : table(report));
  if (values.write) await writeRows(root, report);
  if (report.left.some(({ failed }) => failed)) process.exitCode = 1;
}

async function scaling(values: Values): Promise<void> {
  const lines = await measureScaling(wishOf(values, ["recurra"]));
  console.log(values.json ? JSON.stringify({ ...provenanceOf(root), lines }, null, 1) : scalingTable(lines));
  if (values.write) await writeScaling(root, lines, provenanceOf(root));
}

async function main(): Promise<void> {
  const values = options();
  if (values.profile !== undefined) printProfile(await createEngine({ seed: 1 }), list(values.profile)!);
  else if (values.scaling) await scaling(values);
  else if (values.gate) process.exitCode = (await gate({ ...wishOf(values, []), effort: GATE_EFFORT })) ? 0 : 1;
  else await rows(values);
}

await main();
