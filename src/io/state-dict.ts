/** State dictionaries as safetensors files: what PyTorch's `safetensors.torch.save_file(model.state_dict(), …)` writes and loads. */
import type { Tensor } from "../tensor/tensor.js";
import { toFloat32 } from "./element-types.js";
import { readSafetensors, type SafetensorsEntry, writeSafetensors } from "./safetensors.js";

/** Values by name, as Module.loadStateDict takes them. */
export type StateEntries = Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;

/** Stored tensors as float32. @throws FormatError for a dtype other than F32, F16, BF16 and F64 */
export const toStateEntries = (tensors: ReadonlyMap<string, SafetensorsEntry>): StateEntries =>
  new Map(Array.from(tensors, ([name, entry]) => [name, { shape: entry.shape, data: toFloat32(entry) }]));

/** The file of a state dictionary. @throws FormatError on a bad file or a dtype that toStateEntries refuses */
export const readStateDict = (bytes: Uint8Array): StateEntries => toStateEntries(readSafetensors(bytes).tensors);

/** The file of Module.stateDict(). */
export function writeStateDict(state: ReadonlyMap<string, Tensor>): Uint8Array {
  const inputs = Array.from(state, ([name, tensor]) => ({ name, dtype: "F32" as const, shape: tensor.shape, data: tensor.data() }));
  return writeSafetensors(inputs, { format: "pt" });
}
