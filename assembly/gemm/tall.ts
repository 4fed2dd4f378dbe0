// Tiles of 6x8 and rows over four and six panels (micro.ts) are for the relaxed build, where multiply and add are one instruction: two fused
// units of latency 4 want more than 8 chains at once. They need all registers, and an engine that leaves each load beside its use: the host
// says so. Speed beside tile4x8 and row24, k = 256 and 128, in the caches: Node 24 1.12 to 1.2 and 1.1 to 1.25, Deno 2.9 1.09 and 1.06, Bun
// 1.4 1.05 and 1.08; Node 22 would have 0.85 and 0.73.

/** Whether the larger products are to be used. */
export let tall: bool = false;

// use_tall: from now on this instance's products take the larger forms. The same bits.
export function use_tall(): void {
  tall = true;
}
