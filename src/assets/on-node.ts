/** What there is for a fast start of relaxed SIMD's build where it is Node: in one chunk, for each takes a millisecond or more to load. */
import type { Offer } from "../engine/build.js";
import { v8Flags } from "../platform/v8.js";
import { readRelaxed } from "../platform/wasm-files.js";

/** @param flags whether V8's may be set @param train whether the training kernels are wanted */
export function relaxedOnNode(flags: boolean, train: boolean): Offer {
  const offer: Offer = { ...(flags && v8Flags()), bytes: readRelaxed(train) };
  // Asked for once the modules are compiled; whoever asks hears of an error.
  if (offer.wide !== undefined) import("../engine/optimise.js").catch(() => undefined);
  return offer;
}
