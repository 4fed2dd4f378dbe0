/** Random calls of the kernels of backward passes, losses and random numbers. */
import type { TrainKernels } from "../../../src/engine/kernels.js";
import type { Rig } from "../../kernels/harness.js";
import { ARGUMENTS, type Block, type Call, type Generator, shared } from "./blocks.js";
import { binary, strided, unary } from "./core.js";
import { OPTIMIZER_CALLS } from "./optimizers.js";

type UnaryGrad = "expGrad" | "logGrad" | "sqrtGrad" | "tanhGrad" | "sigmoidGrad" | "reluGrad";

const unaryGrad =
  (name: UnaryGrad): Generator =>
  (draw) => {
    const n = draw.count();
    const { beta, out } = draw.output(n);
    const [dy, saved, inPlace] = [draw.f32(n), draw.f32(n), draw.flag()];
    return (rig) => {
      const from = dy(rig);
      const dx = shared(inPlace && beta === 0, from, out)(rig);
      rig.kernels[name](dx, from, saved(rig), n, beta);
      return [[dx, n]];
    };
  };

const activation =
  (name: "activation" | "activationSlope"): Generator =>
  (draw) => {
    const n = draw.count();
    const kind = draw.int(0, 9);
    const [x, out, inPlace] = [draw.f32(n, ARGUMENTS), draw.blank(n), draw.flag()];
    const [a, b] = [draw.scalar(), draw.scalar()].sort((p, q) => p - q) as [number, number];
    return (rig) => {
      const from = x(rig);
      const y = shared(inPlace, from, out)(rig);
      rig.kernels[name](y, from, n, kind, a, b);
      return [[y, n]];
    };
  };

const softmaxGrad =
  (name: "softmaxGrad" | "logSoftmaxGrad"): Generator =>
  (draw) => {
    const [rows, n] = draw.counts(2) as [number, number];
    const { beta, out } = draw.output(rows * n);
    const [dy, y] = [draw.f32(rows * n), draw.f32(rows * n)];
    return (rig) => {
      const dx = out(rig);
      rig.kernels[name](dx, dy(rig), y(rig), rows, n, beta);
      return [[dx, rows * n]];
    };
  };

/** Sizes, targets of which some are ignored, weights or none, smoothing. */
function losses(draw: Parameters<Generator>[0]) {
  const [rows, n] = draw.counts(2) as [number, number];
  const ignore = draw.from([-1, -100, 0]);
  const targets = draw.i32(rows, () => (draw.int(0, 3) === 0 ? ignore : draw.int(0, n - 1)));
  return { rows, n, ignore, targets, weights: draw.maybe(draw.f32(n)), smoothing: draw.from([0, 0.1, draw.number(0, 1), 1]) };
}

/** A step's own gradient with its row length, or none. */
function ownGradient(draw: Parameters<Generator>[0], rows: number, hidden: number) {
  const ldOut = draw.stride(hidden);
  return { ldOut, dOut: draw.maybe(draw.f32(rows * ldOut)) };
}

/** A row of a CRF, with a path or none. */
function chain(draw: Parameters<Generator>[0]) {
  const [steps, n] = draw.counts(2, 1000) as [number, number];
  const width = (n + 3) & ~3;
  const [emissions, start, transitions, end] = [steps * n, n, n * width, 4 * n].map((size) => draw.f32(size)) as [
    Block,
    Block,
    Block,
    Block,
  ];
  const tags = draw.maybe(draw.i32(steps, () => draw.int(0, n - 1)));
  return { steps, n, width, emissions, tags, start, transitions, end };
}

/** The two words of a float64, to be compared; a NaN is made one number. */
const words = (rig: Rig, value: number): ReturnType<Call> => [
  [rig.i32(new Int32Array(Float64Array.of(Number.isNaN(value) ? -1 : value).buffer)), 2],
];

export const TRAIN_CALLS: { readonly [K in keyof TrainKernels]: Generator } = {
  ...OPTIMIZER_CALLS,
  exp: unary("exp"),
  log: unary("log"),
  sqrt: unary("sqrt"),
  div: binary("div"),
  axpby: (draw) => {
    const n = draw.count();
    const { beta, out } = draw.output(n);
    const [x, alpha, inPlace] = [draw.f32(n), draw.scalar(), draw.flag()];
    return (rig) => {
      const from = x(rig);
      const y = shared(inPlace && beta === 0, from, out)(rig);
      rig.kernels.axpby(y, from, n, alpha, beta);
      return [[y, n]];
    };
  },
  affine: (draw) => {
    const n = draw.count();
    const [x, out, alpha, shift] = [draw.f32(n), draw.blank(n), draw.scalar(), draw.scalar()];
    return (rig) => {
      const y = out(rig);
      rig.kernels.affine(y, x(rig), n, alpha, shift);
      return [[y, n]];
    };
  },

  expGrad: unaryGrad("expGrad"),
  logGrad: unaryGrad("logGrad"),
  sqrtGrad: unaryGrad("sqrtGrad"),
  tanhGrad: unaryGrad("tanhGrad"),
  sigmoidGrad: unaryGrad("sigmoidGrad"),
  reluGrad: unaryGrad("reluGrad"),
  activation: activation("activation"),
  activationSlope: activation("activationSlope"),
  softmaxGrad: softmaxGrad("softmaxGrad"),
  logSoftmaxGrad: softmaxGrad("logSoftmaxGrad"),

  mulAdd: (draw) => {
    const n = draw.count();
    const { beta, out } = draw.output(n);
    const [a, b, alpha] = [draw.f32(n), draw.f32(n), draw.scalar()];
    return (rig) => {
      const y = out(rig);
      rig.kernels.mulAdd(y, a(rig), b(rig), n, alpha, beta);
      return [[y, n]];
    };
  },
  addStrided: (draw) => {
    const { rows, cols, y, x, strides, size } = strided(draw, (n) => draw.f32(n));
    return (rig) => {
      const to = y(rig);
      rig.kernels.addStrided(to, x(rig), rows, cols, ...strides);
      return [[to, size]];
    };
  },
  scatterAddRows: (draw) => {
    const [count, dim, vocabulary] = draw.counts(3) as [number, number, number];
    const ldx = draw.stride(dim);
    const [table, ids, x] = [draw.f32(vocabulary * dim), draw.i32(count, () => draw.int(0, vocabulary - 1)), draw.f32(count * ldx)];
    const skip = draw.from([-1, 0, vocabulary - 1]);
    return (rig) => {
      const sums = table(rig);
      rig.kernels.scatterAddRows(sums, x(rig), ids(rig), count, dim, ldx, skip);
      return [[sums, vocabulary * dim]];
    };
  },

  normalize: (draw) => {
    const [rows, n] = draw.counts(2) as [number, number];
    const [x, out, scales, inPlace] = [draw.f32(rows * n), draw.blank(rows * n), draw.blank(rows), draw.flag()];
    const eps = draw.from([1e-5, 0, 0.1, draw.number(0, 1)]);
    return (rig) => {
      const [from, s] = [x(rig), scales(rig)];
      const y = shared(inPlace, from, out)(rig);
      rig.kernels.normalize(y, s, from, rows, n, eps);
      return [
        [y, rows * n],
        [s, rows],
      ];
    };
  },
  normalizeGrad: (draw) => {
    const [rows, n] = draw.counts(2) as [number, number];
    const { beta, out } = draw.output(rows * n);
    const [dy, y, scales] = [draw.f32(rows * n), draw.f32(rows * n, (u) => 2 * u), draw.f32(rows, Math.abs)];
    return (rig) => {
      const dx = out(rig);
      rig.kernels.normalizeGrad(dx, dy(rig), y(rig), scales(rig), rows, n, beta);
      return [[dx, rows * n]];
    };
  },

  crossEntropy: (draw) => {
    const { rows, n, ignore, targets, weights, smoothing } = losses(draw);
    const [logits, loss, logp] = [draw.f32(rows * n, (u) => 5 * u), draw.blank(rows), draw.blank(rows * n)];
    return (rig) => {
      const [out, p] = [loss(rig), logp(rig)];
      rig.kernels.crossEntropy(out, p, logits(rig), targets(rig), weights(rig), rows, n, ignore, smoothing);
      return [
        [out, rows],
        [p, rows * n],
      ];
    };
  },
  crossEntropyGrad: (draw) => {
    const { rows, n, ignore, targets, weights, smoothing } = losses(draw);
    const { beta, out } = draw.output(rows * n);
    const [logp, coef] = [draw.f32(rows * n, (u) => 4 * u - 4), draw.f32(rows)];
    return (rig) => {
      const dx = out(rig);
      rig.kernels.crossEntropyGrad(dx, logp(rig), targets(rig), weights(rig), coef(rig), rows, n, ignore, smoothing, beta);
      return [[dx, rows * n]];
    };
  },

  rnnCellGrad: (draw) => {
    const [rows, hidden] = draw.counts(2, 4000) as [number, number];
    const n = rows * hidden;
    const { ldOut, dOut } = ownGradient(draw, rows, hidden);
    const ldh = draw.stride(hidden);
    const [dh, h, out] = [draw.f32(n), draw.f32(rows * ldh), draw.blank(n)];
    const [mode, inPlace] = [draw.int(0, 1), draw.flag()];
    return (rig) => {
      const back = dh(rig);
      const dz = shared(inPlace, back, out)(rig);
      rig.kernels.rnnCellGrad(dz, back, dOut(rig), h(rig), rows, hidden, ldOut, ldh, mode);
      return [[dz, n]];
    };
  },
  lstmCellGrad: (draw) => {
    const [rows, hidden] = draw.counts(2, 4000) as [number, number];
    const n = rows * hidden;
    const { ldOut, dOut } = ownGradient(draw, rows, hidden);
    const [gates, out, inPlace] = [draw.f32(4 * n), draw.blank(4 * n), draw.flag()];
    const [dc, dh, cPrev, tanhC] = [draw.f32(n), draw.f32(n), draw.f32(n), draw.f32(n)];
    return (rig) => {
      const [act, cell] = [gates(rig), dc(rig)];
      const dGates = shared(inPlace, act, out)(rig);
      rig.kernels.lstmCellGrad(dGates, cell, dh(rig), dOut(rig), act, cPrev(rig), tanhC(rig), rows, hidden, ldOut);
      return [
        [dGates, 4 * n],
        [cell, n],
      ];
    };
  },
  gruCellGrad: (draw) => {
    const [rows, hidden] = draw.counts(2, 4000) as [number, number];
    const n = rows * hidden;
    const { ldOut, dOut } = ownGradient(draw, rows, hidden);
    const ldhPrev = draw.stride(hidden);
    const [gates, gatesOut, gatesInPlace] = [draw.f32(3 * n), draw.blank(3 * n), draw.flag()];
    const [hn, hnOut, hnInPlace] = [draw.f32(n), draw.blank(n), draw.flag()];
    const [dh, hPrev] = [draw.f32(n), draw.f32(rows * ldhPrev)];
    return (rig) => {
      const [act, kept, back] = [gates(rig), hn(rig), dh(rig)];
      const [dGates, dHn] = [shared(gatesInPlace, act, gatesOut)(rig), shared(hnInPlace, kept, hnOut)(rig)];
      rig.kernels.gruCellGrad(dGates, dHn, back, dOut(rig), act, kept, hPrev(rig), rows, hidden, ldOut, ldhPrev);
      return [
        [dGates, 3 * n],
        [dHn, n],
        [back, n],
      ];
    };
  },

  gruBlendGrad: (draw) => {
    const [rows, hidden] = draw.counts(2, 4000) as [number, number];
    const n = rows * hidden;
    const { ldOut, dOut } = ownGradient(draw, rows, hidden);
    const ldhPrev = draw.stride(hidden);
    const [gates, out, dh, hPrev] = [draw.f32(3 * n), draw.blank(3 * n), draw.f32(n), draw.f32(rows * ldhPrev)];
    return (rig) => {
      const [dGates, back] = [out(rig), dh(rig)];
      rig.kernels.gruBlendGrad(dGates, back, dOut(rig), gates(rig), hPrev(rig), rows, hidden, ldOut, ldhPrev);
      return [
        [dGates, 3 * n],
        [back, n],
      ];
    };
  },
  gruResetGrad: (draw) => {
    const [rows, hidden] = draw.counts(2, 4000) as [number, number];
    const n = rows * hidden;
    const ldhPrev = draw.stride(hidden);
    const [gates, out, dh, dRh, hPrev] = [draw.f32(3 * n), draw.blank(3 * n), draw.f32(n), draw.f32(n), draw.f32(rows * ldhPrev)];
    return (rig) => {
      const [dGates, back, reset] = [out(rig), dh(rig), dRh(rig)];
      rig.kernels.gruResetGrad(dGates, back, reset, gates(rig), hPrev(rig), rows, hidden, ldhPrev);
      return [
        [dGates, 3 * n],
        [back, n],
        [reset, n],
      ];
    };
  },
  crf: (draw) => {
    const { steps, n, width, emissions, tags, start, transitions, end } = chain(draw);
    const [lse, work] = [draw.blank((steps - 1) * width), draw.blank(width + 4)];
    return (rig) => {
      const y = lse(rig);
      const { kernels } = rig;
      const value = kernels.crf(y, emissions(rig), tags(rig), start(rig), transitions(rig), end(rig), work(rig), steps, n);
      return [[y, (steps - 1) * width], ...words(rig, value)];
    };
  },
  crfGrad: (draw) => {
    const { steps, n, width, emissions, tags, start, transitions, end } = chain(draw);
    const sizes = [steps * n, n * width, n, 4 * n] as const;
    const [dEmissions, dTransitions, dStart, dEnd] = sizes.map((size) => draw.f32(size)) as [Block, Block, Block, Block];
    const [lse, work, coef] = [draw.f32((steps - 1) * width), draw.blank(3 * width + 4), draw.scalar()];
    return (rig) => {
      const into = [dEmissions(rig), dTransitions(rig), dStart(rig), dEnd(rig)] as const;
      const from = [lse(rig), emissions(rig), tags(rig), start(rig), transitions(rig), end(rig)] as const;
      rig.kernels.crfGrad(...into, ...from, work(rig), steps, n, coef);
      return into.map((ptr, i) => [ptr, sizes[i]!] as const);
    };
  },

  sumSquares: (draw) => {
    const n = draw.count();
    const x = draw.f32(n);
    return (rig) => words(rig, rig.kernels.sumSquares(x(rig), n));
  },
  sumSquaresRows: (draw) => {
    const [n, dim] = draw.counts(2) as [number, number];
    const x = draw.f32(n * dim);
    let row = -1;
    const rows = draw.i32(n, () => {
      row += draw.from([1, 1, 2, draw.int(1, 300)]);
      return row;
    });
    return (rig) => words(rig, rig.kernels.sumSquaresRows(x(rig), rows(rig), n, dim));
  },
  uniform: (draw) => {
    const n = draw.count();
    const [out, low, high] = [draw.blank(n), draw.scalar(), draw.scalar()];
    const keys = [draw.int(0, 0xffffffff), draw.int(0, 0xffffffff)] as const;
    return (rig) => {
      const y = out(rig);
      rig.kernels.uniform(y, n, ...keys, low, high);
      return [[y, n]];
    };
  },
  normal: (draw) => {
    const n = draw.count();
    const [out, mean, std] = [draw.blank(n), draw.scalar(), draw.scalar()];
    const keys = [draw.int(0, 0xffffffff), draw.int(0, 0xffffffff)] as const;
    return (rig) => {
      const y = out(rig);
      rig.kernels.normal(y, n, ...keys, mean, std);
      return [[y, n]];
    };
  },
  dropout: (draw) => {
    const n = draw.count();
    const { beta, out } = draw.output(n);
    const [x, threshold, scale] = [draw.f32(n), draw.from([0, 1 << 24, draw.int(0, 1 << 24)]), draw.scalar()];
    const keys = [draw.int(0, 0xffffffff), draw.int(0, 0xffffffff)] as const;
    return (rig) => {
      const y = out(rig);
      rig.kernels.dropout(y, x(rig), n, ...keys, threshold, scale, beta);
      return [[y, n]];
    };
  },
};
