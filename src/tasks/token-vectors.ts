/** Vectors that tokens start with. */
import { ConfigError } from "../errors.js";
import type { Parameter } from "../ops/init.js";

export type TokenVectors = ReadonlyMap<string, Float32Array>;

/** Length of the vectors, of which there is at least one. @throws ConfigError unless all are as long, and as embeddingDim says */
export function vectorLength(where: string, vectors: TokenVectors, embeddingDim?: number): number {
  const [first] = vectors.values();
  const wanted = embeddingDim ?? Math.max(1, first!.length);
  for (const [token, { length }] of vectors)
    if (length !== wanted) throw new ConfigError(`${where}: the vector of ${JSON.stringify(token)} has ${length} numbers, wants ${wanted}`);
  return wanted;
}

/** Puts the vectors into an embedding's rows. @param names what each row stands for; a number is no token */
export function placeVectors(weight: Parameter, names: readonly (string | number)[], vectors: TokenVectors): void {
  if (vectors.size === 0) return;
  const values = weight.data() as Float32Array;
  for (const [row, name] of names.entries()) {
    const vector = typeof name === "string" ? vectors.get(name) : undefined;
    if (vector !== undefined) values.set(vector, row * vector.length);
  }
  weight.assign(values);
}
