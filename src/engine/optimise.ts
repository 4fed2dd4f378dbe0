/** The kernels for the processor at hand: optimised at once where the runtime can be told to, and the tile of products found by trying. */
import { type EngineModules, instantiate, TILES, type Tile } from "./abi.js";
import type { CoreKernels, Ptr } from "./kernels.js";

export interface ModuleBytes {
  readonly core: Uint8Array<ArrayBuffer>;
  readonly train?: Uint8Array<ArrayBuffer>;
}

/** Runs a function under flags of the runtime. */
export type Under = <T>(run: () => T) => T;

/** Compiled kernels and the tile that suits them. */
export interface Build {
  readonly modules: EngineModules;
  readonly tile: Tile;
  /** Compiles better ones, of the same bits. */
  readonly optimise?: () => Build;
}

const PAGES = 40;
/** A product whose operands stay in the nearest cache: [24, 128] x [128, 64], whole tiles of every kind. */
const [ROWS, COLUMNS, DEPTH] = [24, 64, 128];
/** Long enough for a runtime to optimise the kernels meanwhile, on a thread of its own. */
const MEASURED_MS = 200;
/** Products of a round: some milliseconds, for browsers' clocks are coarse; or fewer in several rounds. */
const RUNS = 100;
const [OPTIMISED_RUNS, OPTIMISED_ROUNDS] = [20, 5];

/** @param start where memory is free of the module's data */
class TileRace {
  readonly #useTile: (tile: number) => void;
  readonly #product: () => void;
  readonly #least = new Map<Tile, number>();
  /** Only relaxed SIMD has more than one tile. */
  readonly pointless: boolean;

  constructor(core: WebAssembly.Module, start: Ptr) {
    const exports = instantiate(core, new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true }), "4x8");
    this.pointless = (exports.relaxed as WebAssembly.Global | undefined)?.value !== 1;
    this.#useTile = exports.use_tile as (tile: number) => void;
    const gemmPacked = exports.f32_gemm_packed as CoreKernels["gemmPacked"];
    const packed = start + ROWS * DEPTH * 4;
    const c = packed + DEPTH * COLUMNS * 4;
    this.#product = () => gemmPacked(c, start, packed, ROWS, COLUMNS, DEPTH, DEPTH, COLUMNS, 0, 0, c + ROWS * COLUMNS * 4);
  }

  round(runs: number): void {
    for (const [number, tile] of TILES.entries()) {
      this.#useTile(number);
      const begin = performance.now();
      for (let i = 0; i < runs; i++) this.#product();
      this.#least.set(tile, Math.min(performance.now() - begin, this.#least.get(tile) ?? Number.POSITIVE_INFINITY));
    }
  }

  get winner(): Tile {
    return [...this.#least].reduce((best, entry) => (entry[1] < best[1] ? entry : best))[0];
  }
}

/** The tile whose best time is the least; "4x8" where there is no other. */
async function measureTile(core: WebAssembly.Module, start: Ptr): Promise<Tile> {
  const race = new TileRace(core, start);
  if (race.pointless) return "4x8";
  for (const begun = performance.now(); performance.now() - begun < MEASURED_MS; ) {
    race.round(RUNS);
    await new Promise((resolve) => setTimeout(resolve));
  }
  return race.winner;
}

/** An empty section of its own, so that what the runtime keeps of the same bytes, compiled otherwise, does not serve. */
const OWN_SECTION = [0, 2, 1, 0x77];

function compileWide({ core, train }: ModuleBytes, wide: Under, start: Ptr): Build {
  const compile = (bytes: Uint8Array) => new WebAssembly.Module(Uint8Array.from([...bytes, ...OWN_SECTION]));
  const modules = wide(() => ({ core: compile(core), ...(train && { train: compile(train) }) }));
  const race = new TileRace(modules.core, start);
  for (let i = 0; i < OPTIMISED_ROUNDS; i++) race.round(OPTIMISED_RUNS);
  return { modules, tile: race.winner };
}

/**
 * @param plain the build as it was compiled
 * @param start where memory is free of the modules' data
 * @param now whether to have the best at once
 * @param notes where it is said when better ones cannot be had, and those of `plain` stay
 * @param better bytes of the relaxed build and what brings them vectors of 256 bits
 */
export async function optimised(
  plain: Build,
  start: Ptr,
  now: boolean,
  notes: string[],
  better?: { readonly bytes: ModuleBytes; readonly wide: Under },
): Promise<Build> {
  if (better === undefined) return { ...plain, tile: await measureTile(plain.modules.core, start) };
  const optimise = () => {
    try {
      return compileWide(better.bytes, better.wide, start);
    } catch (error) {
      notes.push(`kernels stay as they were: ${String(error)}`);
      return plain;
    }
  };
  return now ? optimise() : { ...plain, optimise };
}
