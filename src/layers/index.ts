/** recurra/layers: further layers, cells and regularisers, on an engine of `recurra`. */
export type { AttentionMasks } from "./attention-mask.js";
export { EmbeddingDropout, LockedDropout, WordDropout, type WordDropoutOptions } from "./dropout.js";
export { type BagOptions, EmbeddingBag, type EmbeddingBagOptions } from "./embedding-bag.js";
export { type LayerNormCellOptions, LayerNormGRUCell, LayerNormLSTMCell } from "./layer-norm-cells.js";
export { type AttendOptions, MultiheadAttention, type MultiheadAttentionOptions } from "./multihead-attention.js";
export { Highway, HighwayCell, type HighwayOptions, Residual, ResidualCell, type SequenceLayer } from "./shortcuts.js";
export { StackedCells } from "./stacked-cells.js";
export { Zoneout, type ZoneoutRates } from "./zoneout.js";
