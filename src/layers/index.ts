/** recurra/layers: further layers, cells and regularisers, on an engine of `recurra` (CRF decodes on one of `recurra/infer`, too). */

export { Attention, type AttentionKind, type AttentionOptions, type Memory } from "../nn/attention.js";
export { CRF, type CRFLossOptions, type CRFReduction } from "../nn/crf.js";
export type { CRFOptions } from "../nn/crf-decoder.js";
export { EncoderDecoder, type EncoderDecoderOptions } from "../nn/encoder-decoder.js";
export { type CRFConstraints, type TaggingScheme, taggingConstraints } from "../nn/tagging-constraints.js";
export type { CRFPath } from "../ops/crf/decode.js";
export type { AttentionMasks } from "./attention-mask.js";
export { EmbeddingDropout, LockedDropout, WordDropout, type WordDropoutOptions } from "./dropout.js";
export { type BagOptions, EmbeddingBag, type EmbeddingBagOptions } from "./embedding-bag.js";
export { type LayerNormCellOptions, LayerNormGRUCell, LayerNormLSTMCell } from "./layer-norm-cells.js";
export { type AttendOptions, MultiheadAttention, type MultiheadAttentionOptions } from "./multihead-attention.js";
export { Highway, HighwayCell, type HighwayOptions, Residual, ResidualCell, type SequenceLayer } from "./shortcuts.js";
export { StackedCells } from "./stacked-cells.js";
export { Zoneout, type ZoneoutRates } from "./zoneout.js";
