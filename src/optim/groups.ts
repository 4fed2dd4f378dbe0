import { number } from "../options.js";
import type { Tensor } from "../tensor/tensor.js";

/**
 * Groups for an optimizer: parameters that weight decay pulls at, and those that it leaves alone, by default what has fewer than two
 * dimensions (biases, norms). A group without parameters is left out; a tied parameter comes once, under its first name.
 * @param named `module.namedParameters()`
 */
export function decayGroups(
  named: Iterable<readonly [string, Tensor]>,
  weightDecay: number,
  decays: (name: string, parameter: Tensor) => boolean = (_, { rank }) => rank > 1,
): { params: Tensor[]; weightDecay: number }[] {
  number()("decayGroups", "weightDecay", weightDecay);
  const groups = [
    { params: [] as Tensor[], weightDecay },
    { params: [] as Tensor[], weightDecay: 0 },
  ];
  const seen = new Set<Tensor>();
  for (const [name, parameter] of named) {
    if (!seen.has(parameter)) groups[decays(name, parameter) ? 0 : 1]!.params.push(parameter);
    seen.add(parameter);
  }
  return groups.filter(({ params }) => params.length > 0);
}
