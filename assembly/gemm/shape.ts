// The tile that products take: 4x8 at first. The larger ones (tile.ts, row.ts) are for the relaxed build, where multiply and add are one instruction:
// two fused units of latency 4 want more than 8 chains at once. They need all registers, and an engine that leaves each load beside its
// use: the host says so. Speed beside tile4x8 and row24, k = 256 and 128, in the caches, of 6x8 and rows over up to six panels: Node 24
// 1.12 to 1.2 and 1.1 to 1.25, Deno 2.9 1.09 and 1.06, Bun 1.4 1.05 and 1.08; Node 22 would have 0.85 and 0.73.
//
// 6x16 is for an engine that joins two operations on neighbouring vectors to one of 256 bits (V8's revectorisation): 12 chains are then
// 12 registers again. GFLOP/s, k = 256, Node 24 with it and without: 6x8 44.0 and 33.3, 4x16 60.1 and 24.9, 6x16 64.6 and 21.1, 8x8 52.3 and
// 22.5, 4x24 50.9 and 21.2; rows over six panels 47.0 and 33.7, over four 44.4 and 31.0, over eight 44.3 and 26.6.

/** Rows of a tile at most: 4 or 6. */
export let tileRows: i32 = 4;
/** Panels of 8 columns that a tile goes over: 1 or 2. */
export let tilePanels: i32 = 1;

// use_tile: from now on this instance's products take tiles of up to `rows` x `panels` panels. The same bits.
export function use_tile(rows: i32, panels: i32): void {
  tileRows = rows;
  tilePanels = panels;
}
