/** A system as a child process: requests come as lines of JSON on standard input, answers go back as marked lines on standard output. */
import { createInterface } from "node:readline";
import { ANSWER, type Request, respond, type System } from "../protocol.js";

/** Serves until standard input ends. An error that is not a Cannot ends the process. */
export async function serve(start: () => System | Promise<System>): Promise<void> {
  // Libraries that greet on the console do it beside the answers.
  console.log = console.info = console.debug = console.error;
  const answer = respond(start);
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${ANSWER}${JSON.stringify(await answer(JSON.parse(line) as Request))}\n`);
  }
}
