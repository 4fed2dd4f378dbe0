/**
 * `npm run kills -- [--count 50] [--seed 1]`: trainings that are killed at random and go on, against one that is not. JSON on standard
 * output; exit code 1 when weights differ, or a checkpoint was lost or cannot be read, 2 when it could not run.
 */
import { parseArgs } from "node:util";
import { killTrainings } from "./kills.js";

try {
  const { values } = parseArgs({ options: { count: { type: "string", default: "50" }, seed: { type: "string", default: "1" } } });
  const report = await killTrainings(Number(values.count), Number(values.seed), (text) => console.error(text));
  console.log(JSON.stringify(report));
  process.exitCode = report.failures.length > 0 ? 1 : 0;
} catch (error) {
  console.error(String(error));
  process.exitCode = 2;
}
