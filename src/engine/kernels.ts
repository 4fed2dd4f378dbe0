/**
 * The one interface of numeric kernels. It has two implementations: SIMD WebAssembly (`assembly/`)
 * and plain TypeScript (`src/engine/js/`), bit-identical to the baseline WebAssembly.
 *
 * Conventions
 * - A `Ptr` is a byte offset into linear memory, a multiple of 4. 0 means "absent" where stated.
 * - Sizes, strides (`ld…`, `…Row`, `…Col`) and counts are in elements. All floats are f32, ids are i32.
 * - Matrices are row-major; `ldx` is the distance of two rows of x.
 * - `beta` scales what is already in the output: out = beta·out + result. 0 means the output is not read.
 * - Kernels never allocate, validate or keep state. Nothing outside the output is written.
 * - Sums over k run in one order, whatever the batch or the tile (see each kernel).
 */
export type Ptr = number;

/** Bytes of scratch memory that `gemm` and `gemmPacked` want; one workspace per thread. */
export const WORK_BYTES = 132 * 1088 + 256 * 1024 * 4 + 512;

/** Forward kernels that saved models run on, in the module `core`. */
export interface CoreKernels {
  /**
   * C[m,n] = beta·C + op(A)·op(B). op(A) is [m,k]: A is stored [m,k] (transA 0) or [k,m] (transA 1);
   * op(B) is [k,n]: B is stored [k,n] (transB 0) or [n,k] (transB 1).
   * Every element of C is one accumulator, seeded with beta·C (or 0), to which products are added for k = 0, 1, ….
   */
  gemm(
    c: Ptr,
    a: Ptr,
    b: Ptr,
    m: number,
    n: number,
    k: number,
    lda: number,
    ldb: number,
    ldc: number,
    transA: number,
    transB: number,
    beta: number,
    work: Ptr,
  ): void;
  /** Floats that `packB` writes: k · (n rounded up to 8). */
  packB(packed: Ptr, b: Ptr, k: number, n: number, ldb: number, transB: number): void;
  /**
   * C = beta·C + A·op(B) with B packed before by `packB`; the order of summation is that of `gemm`, so the bits are too. 1-3 rows take a GEMV
   * path. With a `bias` [n] (0 for none) every row of C is seeded with that instead, and beta is not read.
   */
  gemmPacked(
    c: Ptr,
    a: Ptr,
    packed: Ptr,
    m: number,
    n: number,
    k: number,
    lda: number,
    ldc: number,
    bias: Ptr,
    beta: number,
    work: Ptr,
  ): void;

  /** y[i] = f(x[i]), i < n; y may be x. relu passes NaN. */
  tanh(y: Ptr, x: Ptr, n: number): void;
  sigmoid(y: Ptr, x: Ptr, n: number): void;
  relu(y: Ptr, x: Ptr, n: number): void;
  /** y[i] = a[i] op b[i]; y may be a or b. */
  add(y: Ptr, a: Ptr, b: Ptr, n: number): void;
  sub(y: Ptr, a: Ptr, b: Ptr, n: number): void;
  mul(y: Ptr, a: Ptr, b: Ptr, n: number): void;

  /**
   * Copies 32-bit words: y[r·yRow + c·yCol] = x[r·xRow + c·xCol] for r < rows, c < cols. Strides may be 0 in x (broadcast).
   * Bits are kept (ids and NaN payloads too). y and x do not overlap.
   */
  copyStrided(y: Ptr, x: Ptr, rows: number, cols: number, yRow: number, yCol: number, xRow: number, xCol: number): void;
  /** y[i·ldy + j] = table[ids[i]·dim + j] for i < count, j < dim. ids were checked by the caller. */
  gatherRows(y: Ptr, table: Ptr, ids: Ptr, count: number, dim: number, ldy: number): void;

  /**
   * x is [outer, n, inner]; y is [outer, inner]: y = beta·y + alpha·(sum over n).
   * inner = 1: four lanes, lane j takes elements j, j+4, …, in blocks of 256 elements; see assembly/reduce.
   * inner > 1: rows are added one by one in blocks of 64 rows, block sums are added in order.
   */
  reduceSum(y: Ptr, x: Ptr, outer: number, n: number, inner: number, alpha: number, beta: number): void;
  /** y [outer, inner] maximum over n >= 1 of x [outer, n, inner]; index (i32 [outer, inner], may be 0) the first place of it. NaN wins. */
  reduceMax(y: Ptr, index: Ptr, x: Ptr, outer: number, n: number, inner: number): void;
  /** Over the last axis of x [rows, n], n >= 1; y may be x. */
  softmax(y: Ptr, x: Ptr, rows: number, n: number): void;
  logSoftmax(y: Ptr, x: Ptr, rows: number, n: number): void;

  /** Elman cell: h[r·ldh + j] = f(z[r·hidden + j]); mode 0 tanh, 1 relu (NaN passes). h may be z. */
  rnnCell(h: Ptr, z: Ptr, rows: number, hidden: number, ldh: number, mode: number): void;
  /**
   * LSTM cell, gates i f g o. gates [rows, 4·hidden] pre-activations, OVERWRITTEN by the activated gates.
   * c = s(f)·cPrev + s(i)·tanh(g); h = s(o)·tanh(c). c, tanhC, cPrev [rows, hidden] dense; tanhC may be 0 (not kept);
   * c may be cPrev; h has row stride ldh.
   */
  lstmCell(h: Ptr, c: Ptr, tanhC: Ptr, gates: Ptr, cPrev: Ptr, rows: number, hidden: number, ldh: number): void;
  /**
   * GRU cell, gates r z n, reset after the product. gates [rows, 3·hidden]: pre-activations of r and z complete, of n the
   * input part only; OVERWRITTEN by the activated r, z, n. hn [rows, hidden] = W_hn·h + b_hn (kept for the backward pass).
   * n = tanh(gates_n + r·hn); h = (1-z)·n + z·hPrev. h may be hPrev when ldh = ldhPrev.
   */
  gruCell(h: Ptr, gates: Ptr, hn: Ptr, hPrev: Ptr, rows: number, hidden: number, ldh: number, ldhPrev: number): void;
  /**
   * First half of the GRU that resets before the product: of gates [rows, 3·hidden], r and z are OVERWRITTEN by their activations;
   * rh [rows, hidden] = r·hPrev, to be multiplied by W_hn and added to gates_n.
   */
  gruReset(rh: Ptr, gates: Ptr, hPrev: Ptr, rows: number, hidden: number, ldhPrev: number): void;
  /** Second half: n = tanh(gates_n), OVERWRITTEN; h = (hPrev-n)·z + n. h may be hPrev when ldh = ldhPrev. */
  gruBlend(h: Ptr, gates: Ptr, hPrev: Ptr, rows: number, hidden: number, ldh: number, ldhPrev: number): void;

  /**
   * One row of a linear-chain CRF, steps >= 1 and n >= 1 tags; formulas in assembly/crf. best [steps, n]: what the best path into each
   * tag scores, less the largest of its step. emissions [steps, n], start [n], transitions [n, n] from row to column.
   * Rows of best and transitions are padded to multiples of 4; numbers in the padding have no effect.
   */
  crfBest(best: Ptr, emissions: Ptr, start: Ptr, transitions: Ptr, steps: number, n: number): void;
}

/** Backward passes, losses, optimizers, random numbers and further forward kernels, in the module `train`. */
export interface TrainKernels {
  /** y[i] = f(x[i]), i < n; y may be x. */
  exp(y: Ptr, x: Ptr, n: number): void;
  log(y: Ptr, x: Ptr, n: number): void;
  sqrt(y: Ptr, x: Ptr, n: number): void;
  /** y[i] = a[i] / b[i]; y may be a or b. */
  div(y: Ptr, a: Ptr, b: Ptr, n: number): void;
  /** y[i] = beta·y[i] + alpha·x[i]. */
  axpby(y: Ptr, x: Ptr, n: number, alpha: number, beta: number): void;
  /** y[i] = x[i]·alpha + shift (two roundings). */
  affine(y: Ptr, x: Ptr, n: number, alpha: number, shift: number): void;

  /** dx[i] = beta·dx[i] + dy[i]·f'(…): from the output y (exp, tanh, sigmoid, sqrt, relu) or the input x (log). dx may be dy only with beta 0. */
  expGrad(dx: Ptr, dy: Ptr, y: Ptr, n: number, beta: number): void;
  logGrad(dx: Ptr, dy: Ptr, x: Ptr, n: number, beta: number): void;
  sqrtGrad(dx: Ptr, dy: Ptr, y: Ptr, n: number, beta: number): void;
  tanhGrad(dx: Ptr, dy: Ptr, y: Ptr, n: number, beta: number): void;
  sigmoidGrad(dx: Ptr, dy: Ptr, y: Ptr, n: number, beta: number): void;
  /** Passes dy where y > 0 or y is NaN. */
  reluGrad(dx: Ptr, dy: Ptr, y: Ptr, n: number, beta: number): void;
  /** y[i] = beta·y[i] + alpha·a[i]·b[i]  ((alpha·a)·b, then the sum). */
  mulAdd(y: Ptr, a: Ptr, b: Ptr, n: number, alpha: number, beta: number): void;
  /**
   * y[i] = f(x[i]), y may be x. kind: 0 leakyRelu(a), 1 elu(a), 2 gelu, 3 softplus, 4 hardTanh(a, b), 5 hardSigmoid, 6 logSigmoid, 7 silu,
   * 8 abs, 9 clamp(a, b).
   */
  activation(y: Ptr, x: Ptr, n: number, kind: number, a: number, b: number): void;
  /** d[i] = f'(x[i]), kinds as activation; d may be x. */
  activationSlope(d: Ptr, x: Ptr, n: number, kind: number, a: number, b: number): void;
  /** As copyStrided, but y += x. Destinations within one call are distinct. */
  addStrided(y: Ptr, x: Ptr, rows: number, cols: number, yRow: number, yCol: number, xRow: number, xCol: number): void;
  /** table[ids[i]·dim + j] += x[i·ldx + j], i in order. Rows whose id is `skip` are left out (-1: none). */
  scatterAddRows(table: Ptr, x: Ptr, ids: Ptr, count: number, dim: number, ldx: number, skip: number): void;

  /** dx = beta·dx + y·(dy - sum(dy·y)) per row. */
  softmaxGrad(dx: Ptr, dy: Ptr, y: Ptr, rows: number, n: number, beta: number): void;
  /** dx = beta·dx + dy - exp(y)·sum(dy) per row; y is the log-softmax. */
  logSoftmaxGrad(dx: Ptr, dy: Ptr, y: Ptr, rows: number, n: number, beta: number): void;
  /** Per row of n >= 1: y = (x - mean)·s, s = 1/sqrt(variance + eps), kept in scales [rows]; sums in float64. y may be x. */
  normalize(y: Ptr, scales: Ptr, x: Ptr, rows: number, n: number, eps: number): void;
  /** dx = beta·dx + s·(dy - mean(dy) - y·mean(dy·y)) per row; scales as normalize left them. */
  normalizeGrad(dx: Ptr, dy: Ptr, y: Ptr, scales: Ptr, rows: number, n: number, beta: number): void;

  /**
   * logp [rows, n] = logSoftmax(logits);
   * loss[r] = (1-e)·w[y]·(-logp[y]) + e/n·sum_c(w[c]·-logp[c]), y = targets[r] (i32), e = smoothing, w = weights [n] or 1 (weights 0).
   * Rows whose target is `ignore` have loss 0.
   */
  crossEntropy(
    loss: Ptr,
    logp: Ptr,
    logits: Ptr,
    targets: Ptr,
    weights: Ptr,
    rows: number,
    n: number,
    ignore: number,
    smoothing: number,
  ): void;
  /**
   * dx = beta·dx + coef[r]·d loss[r]/d logits[r, ·]; coef [rows]. Ignored rows get 0 (beta·dx).
   */
  crossEntropyGrad(
    dx: Ptr,
    logp: Ptr,
    targets: Ptr,
    weights: Ptr,
    coef: Ptr,
    rows: number,
    n: number,
    ignore: number,
    smoothing: number,
    beta: number,
  ): void;

  /**
   * In the cell gradients dh is the gradient that flows back through time, dense [rows, hidden]; dOut (0: absent) is that of
   * the step's own output with row stride ldOut; their sum is the gradient of h.
   * dz [rows, hidden] = (dh + dOut)·f'(h); h has row stride ldh; mode 0 tanh, 1 relu. dz may be dh.
   */
  rnnCellGrad(dz: Ptr, dh: Ptr, dOut: Ptr, h: Ptr, rows: number, hidden: number, ldOut: number, ldh: number, mode: number): void;
  /**
   * dGates [rows, 4·hidden] gradients of the pre-activations (may be gates itself); dc [rows, hidden] in: gradient of c, out:
   * gradient of cPrev. gates, cPrev, tanhC as lstmCell left them.
   */
  lstmCellGrad(
    dGates: Ptr,
    dc: Ptr,
    dh: Ptr,
    dOut: Ptr,
    gates: Ptr,
    cPrev: Ptr,
    tanhC: Ptr,
    rows: number,
    hidden: number,
    ldOut: number,
  ): void;
  /**
   * dGates [rows, 3·hidden] gradients of the input-side pre-activations r z n (may be gates); dHn [rows, hidden] that of hn
   * (may be hn); dh in: gradient through time, out: its direct part to hPrev, (dh + dOut)·z.
   */
  gruCellGrad(
    dGates: Ptr,
    dHn: Ptr,
    dh: Ptr,
    dOut: Ptr,
    gates: Ptr,
    hn: Ptr,
    hPrev: Ptr,
    rows: number,
    hidden: number,
    ldOut: number,
    ldhPrev: number,
  ): void;
  /** Gradient of gruBlend: gates z and n of dGates (not gates itself) are written; dh in: gradient through time, out: (dh + dOut)·z. */
  gruBlendGrad(dGates: Ptr, dh: Ptr, dOut: Ptr, gates: Ptr, hPrev: Ptr, rows: number, hidden: number, ldOut: number, ldhPrev: number): void;
  /** Gradient of gruReset from dRh [rows, hidden], that of rh: gate r of dGates (not gates itself) is written; dh += dRh·r; dRh *= hPrev. */
  gruResetGrad(dGates: Ptr, dh: Ptr, dRh: Ptr, gates: Ptr, hPrev: Ptr, rows: number, hidden: number, ldhPrev: number): void;

  /**
   * Of one row as crfBest has it, in float64: log(sum over paths of exp(score)), less the score of tags [steps] (i32, 0: absent).
   * lse [steps - 1, n] is for the gradient; end [n, 1]; rows of lse, transitions and end are padded. work: n, padded, and 4 floats.
   */
  crf(lse: Ptr, emissions: Ptr, tags: Ptr, start: Ptr, transitions: Ptr, end: Ptr, work: Ptr, steps: number, n: number): number;
  /** Adds coef·(gradient of crf) to all four outputs, which are padded as what they belong to; work: three times n, padded, and 4 floats. */
  crfGrad(
    dEmissions: Ptr,
    dTransitions: Ptr,
    dStart: Ptr,
    dEnd: Ptr,
    lse: Ptr,
    emissions: Ptr,
    tags: Ptr,
    start: Ptr,
    transitions: Ptr,
    end: Ptr,
    work: Ptr,
    steps: number,
    n: number,
    coef: number,
  ): void;

  /**
   * Optimizer updates as PyTorch's (formulas in assembly/optim). In all, maximize not 0 turns the gradient round; weightDecay is added to it
   * as weightDecay·p, unless said to be decoupled: p *= 1 - decay first.
   * SGD: momentum: buf = first ? g : momentum·buf + (1-dampening)·g; g = nesterov ? g + momentum·buf : buf; p -= lr·g. buf 0 without momentum.
   */
  sgd(
    p: Ptr,
    g: Ptr,
    buf: Ptr,
    n: number,
    lr: number,
    momentum: number,
    dampening: number,
    weightDecay: number,
    nesterov: number,
    first: number,
    maximize: number,
  ): void;
  /**
   * Adam and its kin: m = beta1·m + (1-beta1)·g; v = beta2·v + (1-beta2)·g·g, or their maximum so far at top (0: absent);
   * p -= stepSize·(m + share·g)/(sqrt(v)/rootCorrection2 + eps). The host passes stepSize = lr/(1-beta1^t),
   * rootCorrection2 = sqrt(1-beta2^t), decay = lr·weightDecay (decoupled) or weightDecay.
   */
  adam(
    p: Ptr,
    g: Ptr,
    m: Ptr,
    v: Ptr,
    top: Ptr,
    n: number,
    stepSize: number,
    beta1: number,
    beta2: number,
    eps: number,
    rootCorrection2: number,
    decay: number,
    decoupled: number,
    share: number,
    maximize: number,
  ): void;
  /** u = max(beta2·u, |g| + eps); p -= stepSize·m/u. */
  adamax(
    p: Ptr,
    g: Ptr,
    m: Ptr,
    u: Ptr,
    n: number,
    stepSize: number,
    beta1: number,
    beta2: number,
    eps: number,
    weightDecay: number,
    maximize: number,
  ): void;
  /** p *= 1 - decay; p -= lr·sign(beta1·m + (1-beta1)·g); m = beta2·m + (1-beta2)·g. */
  lion(p: Ptr, g: Ptr, m: Ptr, n: number, lr: number, beta1: number, beta2: number, decay: number, maximize: number): void;
  /** mean 0: not centred; buf 0: no momentum. */
  rmsprop(
    p: Ptr,
    g: Ptr,
    sq: Ptr,
    mean: Ptr,
    buf: Ptr,
    n: number,
    lr: number,
    alpha: number,
    eps: number,
    weightDecay: number,
    momentum: number,
    maximize: number,
  ): void;
  adagrad(p: Ptr, g: Ptr, sum: Ptr, n: number, rate: number, eps: number, weightDecay: number, maximize: number): void;
  adadelta(p: Ptr, g: Ptr, sq: Ptr, acc: Ptr, n: number, lr: number, rho: number, eps: number, weightDecay: number, maximize: number): void;
  /** Sum of squares in float64: lanes of two, blocks of 1024 elements, so that the order does not depend on a split. */
  sumSquares(x: Ptr, n: number): number;
  /** sumSquares over a matrix whose rows `rows` (i32, rising) are x [n, dim] and whose others are zero: the same bits. */
  sumSquaresRows(x: Ptr, rows: Ptr, n: number, dim: number): number;

  /**
   * Threefry-2x32-20 with key (key0, key1); block i has counter (0, i), its two words serve elements 2i and 2i+1.
   * y[i] = low + (word >>> 8)·2^-24·(high - low).
   */
  uniform(y: Ptr, n: number, key0: number, key1: number, low: number, high: number): void;
  /** y[i] = mean + std·(the normal quantile of (word_i + 0.5)·2^-32), words as in uniform; in float64, rounded once. */
  normal(y: Ptr, n: number, key0: number, key1: number, mean: number, std: number): void;
  /** y[i] = beta·y[i] + (word_i >>> 8 >= threshold ? x[i]·scale : 0), words as in uniform; threshold = round(p·2^24). */
  dropout(y: Ptr, x: Ptr, n: number, key0: number, key1: number, threshold: number, scale: number, beta: number): void;
}

export interface Kernels extends CoreKernels, TrainKernels {}
