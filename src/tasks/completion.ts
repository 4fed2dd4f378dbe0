/** A language model's warm state: one token in, the scores of the next ones out, nothing allocated. */
import type { LSTM } from "../nn/recurrent.js";
import { DenseStepper } from "../ops/dense-stepper.js";
import type { LanguageNetwork } from "./language-network.js";

/** Reads the weights as they are when it is made. */
export class Completion {
  /** Scores of the tokens that may come next, f32 [V]: the same array after every call. */
  readonly scores: Float32Array;
  /** Of each token. */
  readonly #vectors: readonly Float32Array[];
  readonly #hidden: Float32Array;
  readonly #projected: Float32Array | null;
  readonly #recurrent: ReturnType<LSTM["stepper"]>;
  readonly #projection: DenseStepper | null;
  readonly #output: DenseStepper;

  constructor({ engine, embedding, encoder, projection, output }: LanguageNetwork) {
    const [vocabulary, width] = embedding.weight.shape as [number, number];
    const table = embedding.weight.data() as Float32Array;
    this.#vectors = Array.from({ length: vocabulary }, (_, id) => table.subarray(id * width, (id + 1) * width));
    this.#recurrent = encoder.stepper();
    this.#hidden = new Float32Array(encoder.spec.hiddenSize);
    this.#projection = projection === null ? null : new DenseStepper(engine, projection.weight, null);
    this.#projected = projection === null ? null : new Float32Array(width);
    this.#output = new DenseStepper(engine, output.weight, output.bias);
    this.scores = new Float32Array(vocabulary);
  }

  /** @param id from 0 to V - 1 @returns scores */
  feed(id: number): Float32Array {
    this.#recurrent.step(this.#vectors[id]!, this.#hidden);
    if (this.#projected !== null) this.#projection!.step(this.#hidden, this.#projected);
    this.#output.step(this.#projected ?? this.#hidden, this.scores);
    return this.scores;
  }

  /** Forgets what was fed. */
  reset(): void {
    this.#recurrent.reset();
  }

  dispose(): void {
    this.#recurrent.dispose();
    this.#projection?.dispose();
    this.#output.dispose();
  }
}
