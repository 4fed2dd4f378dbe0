// The tile that products take. The baseline has 4x8 alone. In the relaxed build multiply and add are one instruction, and two fused units of
// latency 4 want more than 8 chains at once: 6x8 are 12, and with two operands and a broadcast all registers. So each load has to stay beside
// its use. V8 from 13 on leaves it there; V8 11 and 12 (Node 20 and 22) move all loads of a part of the loop to its top, unless a fence
// stands behind it (fence.ts). GFLOP/s, k = 256, in the caches, 4x8, 6x8 and 6x8 with fences: Node 20 38, 34 and 44; Node 22 40, 35 and 44;
// Node 24 38, 44 and 43; Deno 2.9 35, 38 and 36; Bun 1.4 16, 17 and 17.
//
// 6x16 is for an engine that joins two operations on neighbouring vectors to one of 256 bits (V8's revectorisation): 12 chains are then
// 12 registers again. GFLOP/s, k = 256, Node 24 with it and without: 6x8 44.0 and 33.3, 4x16 60.1 and 24.9, 6x16 64.6 and 21.1, 8x8 52.3 and
// 22.5, 4x24 50.9 and 21.2; rows over six panels 47.0 and 33.7, over four 44.4 and 31.0, over eight 44.3 and 26.6.

/** Panels of 8 columns that a tile goes over: 1 or 2. */
export let tilePanels: i32 = 1;
/** Whether tiles of 6x8, and rows over several panels, have fences. */
export let fenced: bool = false;

// use_tile: which tile this instance's products take from now on, by number as in src/engine/abi.ts: 6x8, 6x8 with fences, 6x16. The same bits.
export function use_tile(tile: i32): void {
  fenced = tile == 1;
  tilePanels = tile == 2 ? 2 : 1;
}
