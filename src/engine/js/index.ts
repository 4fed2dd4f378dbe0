/** All kernels in TypeScript over one heap: bit-identical to the baseline WebAssembly. */
import type { Heap } from "../heap.js";
import type { Kernels } from "../kernels.js";
import { createActivation } from "./activation.js";
import { createCells } from "./cell.js";
import { createCopy } from "./copy.js";
import { createCrf } from "./crf.js";
import { createElementwise } from "./elementwise.js";
import { createEmbedding } from "./embedding.js";
import { createGemm } from "./gemm.js";
import { createNormalize } from "./normalize.js";
import { createOptim } from "./optim.js";
import { createRandom } from "./random.js";
import { createReduce } from "./reduce.js";
import { createSoftmax } from "./softmax.js";

export const createJsKernels = (heap: Heap): Kernels => ({
  ...createGemm(heap),
  ...createElementwise(heap),
  ...createActivation(heap),
  ...createCopy(heap),
  ...createEmbedding(heap),
  ...createReduce(heap),
  ...createSoftmax(heap),
  ...createNormalize(heap),
  ...createCells(heap),
  ...createCrf(heap),
  ...createOptim(heap),
  ...createRandom(heap),
});
