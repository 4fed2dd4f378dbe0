/** Finds a runtime's fastest tile of products by trying each: option `tile` "measured". */
import { instantiate, TILES, type Tile } from "./abi.js";
import type { CoreKernels, Ptr } from "./kernels.js";

const PAGES = 40;
/** A product whose operands stay in the nearest cache: [24, 128] x [128, 64], whole tiles of every kind. */
const [ROWS, COLUMNS, DEPTH] = [24, 64, 128];
/** Some milliseconds, for browsers' clocks are coarse. */
const RUNS = 100;
/** Long enough for the runtime to optimise the kernels meanwhile, on a thread of its own. */
const MEASURED_MS = 200;

/**
 * @param start where memory is free of the module's data
 * @returns the tile whose best time is the least; "4x8" where the module is the baseline, which has no other
 */
export async function measureTile(core: WebAssembly.Module, start: Ptr): Promise<Tile> {
  const exports = instantiate(core, new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true }), "4x8");
  if ((exports.relaxed as WebAssembly.Global | undefined)?.value !== 1) return "4x8";
  const useTile = exports.use_tile as (rows: number, panels: number) => void;
  const gemmPacked = exports.f32_gemm_packed as CoreKernels["gemmPacked"];
  const packed = start + ROWS * DEPTH * 4;
  const c = packed + DEPTH * COLUMNS * 4;
  const work = c + ROWS * COLUMNS * 4;
  const least = new Map<Tile, number>();
  for (const begun = performance.now(); performance.now() - begun < MEASURED_MS; ) {
    for (const [tile, size] of Object.entries(TILES) as [Tile, readonly [number, number]][]) {
      useTile(...size);
      const begin = performance.now();
      for (let i = 0; i < RUNS; i++) gemmPacked(c, start, packed, ROWS, COLUMNS, DEPTH, DEPTH, COLUMNS, 0, 0, work);
      least.set(tile, Math.min(performance.now() - begin, least.get(tile) ?? Number.POSITIVE_INFINITY));
    }
    await new Promise((resolve) => setTimeout(resolve));
  }
  return [...least].reduce((best, entry) => (entry[1] < best[1] ? entry : best))[0];
}
