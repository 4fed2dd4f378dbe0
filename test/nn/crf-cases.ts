/** CRFs and ragged batches for the tests. */

import { type Engine, tensor } from "../../src/index.js";
import { CRF, type CRFOptions } from "../../src/layers/index.js";
import { randomFloats } from "../kernels/harness.js";
import type { Chain } from "../reference/crf.js";

/** A CRF whose scores are seeded numbers of some size. */
export function makeCRF(own: Engine, options: CRFOptions, seed: number, scale = 2): CRF {
  const crf = new CRF(own, options);
  crf.parameters().forEach((parameter, i) => void parameter.assign(randomFloats(parameter.size, seed + i, scale)));
  return crf;
}

export const chainOf = ({ startTransitions, transitions, endTransitions }: CRF): Chain => ({
  start: startTransitions.data(),
  transitions: transitions.data(),
  end: endTransitions.data(),
});

/** A ragged batch: emissions NaN and tags nonsense past each length. */
export function makeBatch(own: Engine, lengths: readonly number[], time: number, count: number, seed: number, scale = 3) {
  const values = randomFloats(lengths.length * time * count, seed, scale);
  const tags = Int32Array.from({ length: lengths.length * time }, (_, i) => (i * 5 + seed) % count);
  lengths.forEach((length, row) => {
    values.fill(Number.NaN, (row * time + length) * count, (row + 1) * time * count);
    tags.fill(-100, row * time + length, (row + 1) * time);
  });
  const rows = lengths.map((length, row) => ({
    emissions: values.slice(row * time * count, (row * time + length) * count),
    tags: Array.from(tags.subarray(row * time, row * time + length)),
    length,
  }));
  return {
    emissions: tensor(own, values, [lengths.length, time, count]),
    tags: tensor(own, tags, [lengths.length, time]),
    rows,
    options: { lengths },
  };
}
