/**
 * npm run bench [-- options]: runs the rows on the systems in turn, each in a process of its own, and prints a table.
 *   --json              the report as JSON         --only M256,T1     rows            --systems a,b   instead of our own
 *   --peers             other libraries too (npm ci --prefix bench/peers installs them; PyTorch is looked for)
 *   --seconds 1.5       timed seconds a row and system at least
 *   --profile T1,F5     share of each kernel instead
 * Exit code 1 when a system gave a wrong result or broke.
 */
import { parseArgs } from "node:util";
import { createEngine } from "../src/index.js";
import { collect, type Wish } from "./collect.js";
import { table } from "./print.js";
import { printProfile } from "./profile.js";
import { SYSTEMS } from "./systems/table.js";

const WARM_MS = 300;
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
    },
  }).values;
}

async function main(): Promise<void> {
  const values = options();
  const seconds = Number(values.seconds);
  if (!(seconds >= 0 && Number.isFinite(seconds))) throw new Error(`bench: --seconds ${values.seconds}, wants a number from 0`);
  if (values.profile !== undefined) return printProfile(await createEngine({ seed: 1 }), list(values.profile)!);
  const only = list(values.only);
  const wish: Wish = {
    root,
    only: only && new Set(only),
    systems: list(values.systems) ?? SYSTEMS.filter(({ peer }) => values.peers || !peer).map(({ id }) => id),
    effort: { ms: seconds * 1000, warmMs: WARM_MS },
    say: (line) => process.stderr.write(`${line}\n`),
  };
  const report = await collect(wish);
  console.log(values.json ? JSON.stringify(report, null, 1) : table(report));
  if (report.left.some(({ failed }) => failed)) process.exitCode = 1;
}

await main();
