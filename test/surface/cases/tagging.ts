/** Layers over the scores of tags. */
import type { CRFConstraints, CRFLossOptions, CRFOptions } from "../../../src/layers/index.js";
import type { Draw } from "../draw.js";
import type { Cases } from "../trial.js";

/** Any moves, among them those that stay with a tag. */
function someConstraints(draw: Draw, count: number): CRFConstraints {
  const tags = Array.from({ length: count }, (_, i) => i);
  const all = tags.map(() => true);
  return { start: all, transitions: tags.map((from) => tags.map((to) => from === to || draw.flag())), end: all };
}

export const tagging = {
  CRF: (CRF, draw) => {
    const [batch, numTags] = draw.extents(2) as [number, number];
    const time = draw.int(1, 4);
    const constraints = draw.each([null, someConstraints(draw, numTags)]);
    const options: Required<CRFOptions> = { numTags, constraints, constrainTraining: constraints !== null && draw.each([true, false]) };
    const layer = draw.layer(new CRF(draw.engine, options));
    const ragged = draw.each([false, true]);
    const reduction: Required<CRFLossOptions>["reduction"] = draw.each(["none", "mean", "sum", "tokenMean"]);
    let before = 0;
    const tags = draw.integers([batch, time], (i) => {
      const next = draw.int(0, numTags - 1);
      if (i % time === 0 || constraints === null || constraints.transitions[before]![next]) before = next;
      return before;
    });
    return {
      run: (emissions, given, lengths) => {
        const own = ragged ? { lengths: lengths!.data() } : {};
        return [layer.loss(emissions!, given!, { ...own, reduction }), layer.logPartition(emissions!, own)];
      },
      inputs: [draw.leaf([batch, time, numTags], (u) => 2 * u), tags, draw.integers([batch], () => draw.int(1, time))],
      rows: reduction === "none" ? 0 : "the losses of all rows become one",
    };
  },
} satisfies Cases;
