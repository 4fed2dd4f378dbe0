/** The systems of our own, best first, and what each is. */
export interface OwnSystem {
  readonly id: string;
  readonly title: string;
}

export const OWN: readonly OwnSystem[] = [
  { id: "recurra", title: "best build that the runtime has" },
  { id: "recurra-no-flags", title: "without V8's flags: baseline SIMD on Node 20, vectors of 128 bits on Node 24" },
  { id: "recurra-reproducible", title: "baseline SIMD: the same bits everywhere" },
  { id: "recurra-scalar", title: "products and cells in WebAssembly without SIMD" },
  { id: "recurra-js", title: "TypeScript kernels" },
  { id: "recurra-2t", title: "two threads" },
];
