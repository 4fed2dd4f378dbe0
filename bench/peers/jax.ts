/** jax-js on its WebAssembly device: products and the dense network; kernels are generated and compiled at run time. */
import { arraysOf, sample } from "../data.js";
import { Cannot, type Prepared, type System } from "../protocol.js";
import type { ProductRow, Row } from "../rows.js";
import { serve } from "../systems/serve.js";
import { importPeer, versionOf } from "./peer.js";

/** Operations take ownership of their arguments; `ref` is one more reference. */
interface JaxArray {
  readonly ref: JaxArray;
  reshape(shape: readonly number[]): JaxArray;
  blockUntilReady(): Promise<JaxArray>;
  data(): Promise<Float32Array>;
  dispose(): void;
}
interface Jax {
  init(device: "wasm"): Promise<readonly string[]>;
  defaultDevice(device: "wasm"): string;
  jit<F>(fn: F): F;
  readonly numpy: { array(values: Float32Array): JaxArray; matmul(a: JaxArray, b: JaxArray): JaxArray };
}

function product(jax: Jax, row: ProductRow): Prepared {
  const values = arraysOf(row.arrays) as ReadonlyMap<string, Float32Array>;
  const a = jax.numpy.array(values.get("a")!).reshape([row.m, row.k]);
  const b = jax.numpy.array(values.get("b")!).reshape([row.k, row.n]);
  const matmul = jax.jit((x: JaxArray, y: JaxArray) => jax.numpy.matmul(x, y));
  return {
    run: async () => (await matmul(a.ref, b.ref).blockUntilReady()).dispose(),
    check: async () => sample(await matmul(a.ref, b.ref).data()),
    release: () => {
      a.dispose();
      b.dispose();
    },
  };
}

async function start(): Promise<System> {
  const jax = await importPeer<Jax>("@jax-js/jax");
  if (!(await jax.init("wasm")).includes("wasm")) throw new Cannot("its wasm device does not start");
  jax.defaultDevice("wasm");
  return {
    facts: { version: await versionOf("@jax-js/jax") },
    prepare: (row: Row): Prepared => {
      if (row.kind !== "product") throw new Cannot("arrays and gradients only: no recurrent layers");
      return product(jax, row);
    },
  };
}

await serve(start);
