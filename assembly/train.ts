// Module train: backward passes, losses, optimizers, random numbers and further forward kernels. What each does stands in its file; the ABI in README.md.

export { f32_gru_cell_bwd } from "./cell/gru";
export { f32_gru_blend_bwd, f32_gru_reset_bwd } from "./cell/gru_before";
export { f32_lstm_cell_bwd } from "./cell/lstm";
export { f32_rnn_cell_bwd } from "./cell/rnn";
export { f32_add_strided } from "./copy/strided";
export { f32_crf_bwd } from "./crf/backward";
export { f32_crf_fwd } from "./crf/forward";
export { f32_activation, f32_activation_slope } from "./elementwise/activation";
export {
  f32_exp_bwd,
  f32_log_bwd,
  f32_mul_add,
  f32_relu_bwd,
  f32_sigmoid_bwd,
  f32_sqrt_bwd,
  f32_tanh_bwd,
} from "./elementwise/backward";
export { f32_affine, f32_axpby, f32_div } from "./elementwise/binary";
export { f32_exp, f32_log, f32_sqrt } from "./elementwise/unary";
export { f32_scatter_add_rows } from "./embedding/gather";
export { f32_normalize_bwd, f32_normalize_fwd } from "./norm/normalize";
export { f32_adadelta, f32_adagrad, f32_rmsprop } from "./optim/adaptive";
export { f32_adam, f32_adamax, f32_lion, f32_sgd } from "./optim/optim";
export { f32_dropout, f32_normal, f32_uniform } from "./random/threefry";
export { f32_sum_squares, f32_sum_squares_rows } from "./reduce/reduce";
export { f32_cross_entropy_bwd, f32_cross_entropy_fwd } from "./softmax/cross_entropy";
export { f32_log_softmax_bwd, f32_softmax_bwd } from "./softmax/softmax";
