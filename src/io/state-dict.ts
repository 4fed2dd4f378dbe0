/** State dictionaries as safetensors files: what PyTorch's `safetensors.torch.save_file(model.state_dict(), …)` writes and loads. */
import type { Tensor } from "../tensor/tensor.js";
import { toFloat32 } from "./element-types.js";
import { readSafetensors, writeSafetensors } from "./safetensors.js";

/** Values by name, as Module.loadStateDict takes them. F32, F16, BF16 and F64. @throws FormatError on a bad file or another dtype */
export function readStateDict(bytes: Uint8Array): Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }> {
  const { tensors } = readSafetensors(bytes);
  return new Map(Array.from(tensors, ([name, entry]) => [name, { shape: entry.shape, data: toFloat32(entry) }]));
}

/** The file of Module.stateDict(). */
export function writeStateDict(state: ReadonlyMap<string, Tensor>): Uint8Array {
  const inputs = Array.from(state, ([name, tensor]) => ({ name, dtype: "F32" as const, shape: tensor.shape, data: tensor.data() }));
  return writeSafetensors(inputs, { format: "pt" });
}
