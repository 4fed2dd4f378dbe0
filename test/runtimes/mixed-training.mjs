/**
 * A thousand mixed training steps and the SHA-256 of all weights: in numerics "reproducible" the same on every runtime and backend.
 * Runs wherever the built package can be imported: `node test/runtimes/mixed-training.mjs [wasm|js]` prints the hash.
 */
import { backward, createEngine, tensor } from "../../dist/index.js";
import { BATCH, MODELS, TIME, WORDS } from "./mixed-models.mjs";

/** A row alone and in the batch: the same bits, or an error. */
function checkRowsAlone(engine, { forward }) {
  const words = Int32Array.from({ length: BATCH * TIME }, (_, i) => (i * 7 + 3) % WORDS);
  const lengths = [TIME, 2, 5, 1];
  const run = (rows, own) => engine.step(() => Array.from(forward(tensor(engine, rows, [own.length, TIME]), own).data()));
  const together = run(words, lengths);
  const alone = lengths.flatMap((length, row) => run(words.slice(row * TIME, (row + 1) * TIME), [length]));
  if (alone.some((value, i) => !Object.is(value, together[i])))
    throw new Error(`rows alone give ${alone}, wants ${together} as in the batch`);
}

/** @returns the hash of the weights of all models, and the backend that computed them */
export async function mixedTraining(backend, steps = 1000) {
  const engine = await createEngine({ seed: 7, numerics: "reproducible", backend });
  const models = MODELS.map((make) => make(engine));
  for (let step = 0; step < steps; step++) {
    const { optimizers, loss, clip, advance } = models[step % models.length];
    engine.step(
      () => {
        for (const optimizer of optimizers) optimizer.zeroGrad();
        const value = loss(step);
        backward(value);
        clip();
        for (const optimizer of optimizers) optimizer.step();
        advance(value.item());
      },
      { training: true },
    );
  }
  checkRowsAlone(engine, models[0]);
  const parameters = models.flatMap(({ modules }) => Object.values(modules).flatMap((module) => module.parameters()));
  const all = [...new Set(parameters)].flatMap((parameter) => Array.from(parameter.data()));
  if (!all.every(Number.isFinite)) throw new Error("mixed training ended in weights that are not finite");
  const digest = await crypto.subtle.digest("SHA-256", Float32Array.from(all));
  engine.dispose();
  const hash = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { hash, backend: engine.info.backend };
}

const args = globalThis.process?.argv ?? ["", "", ...(globalThis.Deno?.args ?? [])];
if (args[1]?.endsWith("mixed-training.mjs")) console.log((await mixedTraining(args[2] ?? "auto")).hash);
