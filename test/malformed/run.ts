/**
 * npm run --silent malformed -- DIR [--formats a,b]
 * Reads every file of a folder like golden/malformed and prints one JSON object. Exit code 0: all verdicts met; 1: some not; 2: could not run.
 * `left` counts the files of formats that are not read yet or were not asked for.
 */
import { parseArgs } from "node:util";
import { runProgram } from "../program.js";
import { LATER } from "./formats.js";
import { casesOf, judgeFolder } from "./judge.js";

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { formats: { type: "string" } } });
  const [folder] = positionals;
  if (folder === undefined || positionals.length > 1) throw new Error("usage: malformed DIR [--formats a,b]");
  const present = [...new Set(casesOf(folder).map(({ format }) => format))].sort();
  const formats = values.formats?.split(",");
  const missing = formats?.filter((format) => !present.includes(format)) ?? [];
  if (missing.length > 0) throw new Error(`malformed: format ${missing.join(", ")} is not in ${folder}, wants ${present.join(", ")}`);
  const report = await judgeFolder(folder, formats);
  for (const [format, reason] of LATER) {
    if (formats === undefined && present.includes(format)) process.stderr.write(`${format}: left, ${reason}\n`);
  }
  process.stderr.write(`${report.met} of ${report.files} verdicts met, ${report.left} files left\n`);
  process.stdout.write(`${JSON.stringify(report, null, 1)}\n`);
  return report.failures.length === 0 ? 0 : 1;
}

runProgram(main);
