import { toFloat32 } from "../../src/io/element-types.js";
import { readSafetensors, writeSafetensors } from "../../src/io/safetensors.js";

/** A model file with another description; its tensors stay. */
export function changedFile<Description>(file: Uint8Array, change: (model: Description) => unknown): Uint8Array {
  const { tensors, metadata } = readSafetensors(file);
  const model = JSON.parse(metadata.get("recurra.model")!) as Description;
  change(model);
  const inputs = Array.from(tensors, ([name, entry]) => ({ name, dtype: "F32" as const, shape: entry.shape, data: toFloat32(entry) }));
  return writeSafetensors(inputs, { ...Object.fromEntries(metadata), "recurra.model": JSON.stringify(model) });
}
