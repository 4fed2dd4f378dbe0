/** What there is for a fast start of relaxed SIMD's build where it is Node: in one chunk, for each takes a millisecond or more to load. */
import type { Offer } from "../engine/build.js";
import { v8Flags } from "../platform/v8.js";
import { readRelaxed } from "../platform/wasm-files.js";

/** @param flags whether V8's may be set @param train whether the training kernels are wanted */
export const relaxedOnNode = (flags: boolean, train: boolean): Offer => ({ ...(flags && v8Flags()), bytes: readRelaxed(train) });
