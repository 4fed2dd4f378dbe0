// Module core: the forward kernels that saved models run on. What each does stands in its file; the ABI in README.md.

/** 1 in the build for relaxed SIMD. */
export const relaxed: i32 = ASC_FEATURE_RELAXED_SIMD ? 1 : 0;

export { f32_gru_cell_fwd } from "./cell/gru";
export { f32_gru_blend_fwd, f32_gru_reset_fwd } from "./cell/gru_before";
export { f32_lstm_cell_fwd } from "./cell/lstm";
export { f32_rnn_cell_fwd } from "./cell/rnn";
export { x32_copy_strided } from "./copy/strided";
export { f32_crf_best } from "./crf/forward";
export { f32_add, f32_mul, f32_sub } from "./elementwise/binary";
export { f32_relu, f32_sigmoid, f32_tanh } from "./elementwise/unary";
export { f32_gather_rows } from "./embedding/gather";
export { f32_gemm, f32_gemm_packed } from "./gemm/gemm";
export { f32_gemm_pack_b8 } from "./gemm/pack";
export { use_tile } from "./gemm/shape";
export { f32_reduce_max, f32_reduce_sum } from "./reduce/reduce";
export { f32_log_softmax, f32_softmax } from "./softmax/softmax";
