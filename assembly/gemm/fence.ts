// V8 11 and 12 place a load as late as what needs it allows, and before every later load, for they come one after the other. In a loop whose
// parts end in a branch, a part's last load comes before the next part's first, which is placed when all sums are; so all of a part's loads
// come to its top, and tiles of 12 sums have no registers for them. A store that may come in between ends that order: each load is beside
// its use then.

/** Stores nothing, for k > 0; the engine cannot know. `on` is a constant at every call. */
export function fence(on: bool, k: i32, at: usize): void {
  if (on && k < 0) store<i32>(at, k);
}
