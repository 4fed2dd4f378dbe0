/** What a recurrent network hands on: the last states of its top layer. */
import type { Tensor } from "../../tensor/tensor.js";
import { concat, reshape, slice } from "../layout.js";

/**
 * The top layer's part of last states [L·D, B, R]: f32 [B, D·R], the forward half first.
 * @param directions 2 for a bidirectional layer
 */
export function topStates(states: Tensor, directions: number): Tensor {
  const [stacked, batch, size] = states.shape as [number, number, number];
  const top = Array.from({ length: directions }, (_, d) => slice(states, 0, stacked - directions + d, stacked - directions + d + 1));
  return concat(
    top.map((state) => reshape(state, [batch, size])),
    1,
  );
}
