/** Sizes of encoders that are recurrent layers, or a fully connected network over a window of vectors. */
import { type CellName, countRecurrent } from "../nn/recurrent-layer.js";

interface EncoderConfig {
  readonly encoder: CellName | "window";
  readonly hiddenSize: number;
  readonly numLayers: number;
  /** Of no account for "window". */
  readonly bidirectional: boolean;
}

/** Features of what comes out. */
export const encodedSize = ({ encoder, hiddenSize, bidirectional }: Omit<EncoderConfig, "numLayers">): number =>
  encoder !== "window" && bidirectional ? 2 * hiddenSize : hiddenSize;

/** Numbers in its layers, of vectors of inputSize, of which "window" sees so many at once. */
export function countEncoder({ encoder, ...layers }: EncoderConfig, inputSize: number, window: number): number {
  const { hiddenSize, numLayers } = layers;
  if (encoder === "window") return (window * inputSize + 1 + (numLayers - 1) * (hiddenSize + 1)) * hiddenSize;
  return countRecurrent(encoder, { ...layers, inputSize });
}
