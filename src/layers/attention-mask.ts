/** What multi-head attention may see: lengths and PyTorch's masks brought together. */
import type { Engine } from "../engine/engine.js";
import { IndexError, ShapeError } from "../errors.js";
import { stepsWithin } from "../ops/lengths.js";
import { type PreparedMask, prepareMask } from "../ops/softmax.js";
import { flag } from "../options.js";
import { tensor } from "../tensor/create.js";
import { sameShape, show } from "../tensor/shape.js";
import type { Tensor } from "../tensor/tensor.js";

export interface AttentionMasks {
  /** Real steps of each row of the query, from 0 to T: the output beyond is 0, and what lies there is never read. Default T. */
  readonly lengths?: ArrayLike<number>;
  /** Real steps of each row of key and value. Default `lengths` where the key is the query, else S. */
  readonly keyLengths?: ArrayLike<number>;
  /** [B, S]: i32, not 0 at keys that are not attended to (nor read); or f32, added to the scores. No gradient flows into masks. */
  readonly keyPaddingMask?: Tensor;
  /** [T, S] or [B·numHeads, T, S]: i32, not 0 where a step may not attend to a key; or f32, added to the scores. */
  readonly attnMask?: Tensor;
  /** Step t attends to keys 0 to t only. Default false. */
  readonly isCausal?: boolean;
}

export interface AttentionSizes {
  readonly batch: number;
  readonly heads: number;
  /** T, of the query. */
  readonly time: number;
  /** S, of the keys. */
  readonly steps: number;
}

/** Flags [B·T] of the steps within the lengths. @throws ShapeError, IndexError when lengths do not fit */
export function keptSteps(where: string, name: string, lengths: ArrayLike<number> | undefined, batch: number, time: number): Uint8Array {
  if (lengths === undefined) return new Uint8Array(batch * time).fill(1);
  if (lengths.length !== batch) throw new ShapeError(`${where}: ${lengths.length} ${name}, wants ${batch}, one a row of the batch`);
  for (let b = 0; b < batch; b++) {
    const length = lengths[b]!;
    if (!(Number.isInteger(length) && length >= 0 && length <= time))
      throw new IndexError(`${where}: ${name} ${length} at row ${b}, wants a whole number from 0 to ${time}`);
  }
  return stepsWithin(lengths, time);
}

/** Whether the value of a mask hides a place: not 0 in i32, -Infinity in f32. */
const hides = (mask: Tensor, value: number): boolean => (mask.dtype === "i32" ? value !== 0 : value === Number.NEGATIVE_INFINITY);

/** Flags [B·S] of the keys within their lengths that the padding mask does not hide. */
export function keptKeys(
  where: string,
  lengths: ArrayLike<number> | undefined,
  mask: Tensor | undefined,
  { batch, steps }: AttentionSizes,
): Uint8Array {
  const kept = keptSteps(where, "keyLengths", lengths, batch, steps);
  if (mask === undefined) return kept;
  if (!sameShape(mask.shape, [batch, steps])) {
    throw new ShapeError(`${where}: keyPaddingMask has shape ${show(mask.shape)}, wants ${show([batch, steps])}, [B, S]`);
  }
  const values = mask.data();
  return kept.map((flag, i) => (hides(mask, values[i]!) ? 0 : flag));
}

/**
 * The masks over scores [B, heads, T, S], with extent 1 along axes on which nothing depends: what may be seen (null: all of it), and what is added
 * (null: nothing). All is checked at once; the tensors are made when the result is called.
 */
export function scoreMask(
  where: string,
  { keyPaddingMask, attnMask, isCausal = false }: AttentionMasks,
  { batch, heads, time, steps }: AttentionSizes,
  queries: Uint8Array,
  keys: Uint8Array,
): (engine: Engine) => { readonly seen: PreparedMask | null; readonly added: Tensor | null } {
  flag(where, "isCausal", isCausal);
  if (attnMask !== undefined && !sameShape(attnMask.shape, [time, steps]) && !sameShape(attnMask.shape, [batch * heads, time, steps])) {
    throw new ShapeError(
      `${where}: attnMask has shape ${show(attnMask.shape)}, wants ${show([time, steps])}, [T, S], or ${show([batch * heads, time, steps])}, [B·numHeads, T, S]`,
    );
  }
  const perHead = attnMask?.rank === 3;
  const perStep = attnMask !== undefined || isCausal || queries.includes(0);
  const shape = [batch, perHead ? heads : 1, perStep ? time : 1, steps] as const;
  const attn = attnMask?.data();
  const padding = keyPaddingMask?.dtype === "f32" ? keyPaddingMask.data() : undefined;
  const seen = new Int32Array(shape[0] * shape[1] * shape[2] * steps);
  const extra = new Float32Array(seen.length);
  for (let i = 0; i < seen.length; i++) {
    const s = i % steps;
    const row = Math.floor(i / steps);
    const t = row % shape[2];
    const b = Math.floor(row / shape[2] / shape[1]);
    const at = perHead ? i : t * steps + s;
    const hidden = attn !== undefined && hides(attnMask!, attn[at]!);
    if (keys[b * steps + s] === 0 || hidden || (perStep && queries[b * time + t] === 0) || (isCausal && s > t)) continue;
    seen[i] = 1;
    extra[i] = (attnMask?.dtype === "f32" ? attn![at]! : 0) + (padding?.[b * steps + s] ?? 0);
  }
  return (engine) => ({
    seen: seen.includes(0) ? prepareMask(tensor(engine, seen, shape)) : null,
    added: extra.some((value) => value !== 0) ? tensor(engine, extra, shape) : null,
  });
}
