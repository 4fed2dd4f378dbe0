/** What there is for a fast start of relaxed SIMD's build where it is Node. */
import type { Offer } from "../engine/build.js";
import { v8Flags } from "../platform/v8.js";
import { readRelaxed } from "../platform/wasm-files.js";

/** As engine/build.ts asks for it. */
export function relaxedOnNode(flags: boolean, train: boolean): Offer {
  const offer: Offer = { ...(flags && v8Flags()), bytes: readRelaxed(train) };
  // Asked for once the modules are compiled; whoever asks hears of an error.
  if (offer.wide !== undefined) import("../engine/optimise.js").catch(() => undefined);
  return offer;
}
