/** Random calls of the forward kernels. */
import type { CoreKernels, Ptr } from "../../../src/engine/kernels.js";
import { ARGUMENTS, type Generator, shared } from "./blocks.js";

type Unary = "exp" | "log" | "sqrt" | "tanh" | "sigmoid" | "relu";

export const unary =
  (name: Unary): Generator =>
  (draw) => {
    const n = draw.count();
    const [x, out, inPlace] = [draw.f32(n, ARGUMENTS), draw.blank(n), draw.flag()];
    return (rig) => {
      const from = x(rig);
      const y = shared(inPlace, from, out)(rig);
      rig.kernels[name](y, from, n);
      return [[y, n]];
    };
  };

export const binary =
  (name: "add" | "sub" | "mul" | "div"): Generator =>
  (draw) => {
    const n = draw.count();
    const [a, b, out] = [draw.f32(n), draw.f32(n), draw.blank(n)];
    const place = draw.from(["a", "b", "own", "own"]);
    return (rig) => {
      const [left, right] = [a(rig), b(rig)];
      const y = place === "a" ? left : place === "b" ? right : out(rig);
      rig.kernels[name](y, left, right, n);
      return [[y, n]];
    };
  };

const softmax =
  (name: "softmax" | "logSoftmax"): Generator =>
  (draw) => {
    const [rows, n] = draw.counts(2) as [number, number];
    const [x, out, inPlace] = [draw.f32(rows * n, ARGUMENTS), draw.blank(rows * n), draw.flag()];
    return (rig) => {
      const from = x(rig);
      const y = shared(inPlace, from, out)(rig);
      rig.kernels[name](y, from, rows, n);
      return [[y, rows * n]];
    };
  };

/** gemm, and gemmPacked over what packB makes of B. */
const product =
  (packed: boolean): Generator =>
  (draw) => {
    const [m, n, k] = draw.counts(3, 60_000) as [number, number, number];
    const [transA, transB] = [packed ? 0 : draw.int(0, 1), draw.int(0, 1)];
    const lda = draw.stride(transA ? m : k);
    const ldb = draw.stride(transB ? k : n);
    const ldc = draw.stride(n);
    const [a, b] = [draw.f32((transA ? k : m) * lda), draw.f32((transB ? n : k) * ldb)];
    const { beta, out } = draw.output(m * ldc);
    const room = draw.blank(k * Math.ceil(n / 8) * 8);
    const [bias, biased] = [draw.f32(n), draw.flag()];
    return (rig) => {
      const [c, left, right] = [out(rig), a(rig), b(rig)];
      if (!packed) {
        rig.kernels.gemm(c, left, right, m, n, k, lda, ldb, ldc, transA, transB, beta, rig.work);
        return [[c, m * ldc]];
      }
      const pack = room(rig);
      rig.kernels.packB(pack, right, k, n, ldb, transB);
      rig.kernels.gemmPacked(c, left, pack, m, n, k, lda, ldc, biased ? bias(rig) : 0, beta, rig.work);
      return [[c, m * ldc]];
    };
  };

export const CORE_CALLS: { readonly [K in keyof CoreKernels]: Generator } = {
  gemm: product(false),
  gemmPacked: product(true),
  packB: (draw) => {
    const [k, n] = draw.counts(2) as [number, number];
    const transB = draw.int(0, 1);
    const ldb = draw.stride(transB ? k : n);
    const [b, out, size] = [draw.f32((transB ? n : k) * ldb), draw.blank(k * Math.ceil(n / 8) * 8), k * Math.ceil(n / 8) * 8];
    return (rig) => {
      const pack = out(rig);
      rig.kernels.packB(pack, b(rig), k, n, ldb, transB);
      return [[pack, size]];
    };
  },

  tanh: unary("tanh"),
  sigmoid: unary("sigmoid"),
  relu: unary("relu"),
  add: binary("add"),
  sub: binary("sub"),
  mul: binary("mul"),

  copyStrided: (draw) => {
    const { rows, cols, y, x, strides, size } = strided(draw, (n) => draw.blank(n));
    return (rig) => {
      const to = y(rig);
      rig.kernels.copyStrided(to, x(rig), rows, cols, ...strides);
      return [[to, size]];
    };
  },
  gatherRows: (draw) => {
    const [count, dim, vocabulary] = draw.counts(3) as [number, number, number];
    const ldy = draw.stride(dim);
    const [table, ids, out] = [draw.f32(vocabulary * dim), draw.i32(count, () => draw.int(0, vocabulary - 1)), draw.blank(count * ldy)];
    return (rig) => {
      const y = out(rig);
      rig.kernels.gatherRows(y, table(rig), ids(rig), count, dim, ldy);
      return [[y, count * ldy]];
    };
  },

  reduceSum: (draw) => {
    const [outer, n, inner] = draw.counts(3) as [number, number, number];
    const width = draw.flag() ? 1 : inner;
    const { beta, out } = draw.output(outer * width);
    const [x, alpha] = [draw.f32(outer * n * width), draw.scalar()];
    return (rig) => {
      const y = out(rig);
      rig.kernels.reduceSum(y, x(rig), outer, n, width, alpha, beta);
      return [[y, outer * width]];
    };
  },
  reduceMax: (draw) => {
    const [outer, n, inner] = draw.counts(3) as [number, number, number];
    const width = draw.flag() ? 1 : inner;
    const size = outer * width;
    // Few different values: the first of several maxima counts.
    const x = draw.f32(outer * n * width, draw.flag() ? (u) => Math.round(3 * u) : (u) => u);
    const [out, index] = [draw.blank(size), draw.maybe(draw.blank(size))];
    return (rig) => {
      const [y, places] = [out(rig), index(rig)];
      rig.kernels.reduceMax(y, places, x(rig), outer, n, width);
      return places === 0
        ? [[y, size]]
        : [
            [y, size],
            [places, size],
          ];
    };
  },
  softmax: softmax("softmax"),
  logSoftmax: softmax("logSoftmax"),

  rnnCell: (draw) => {
    const [rows, hidden] = draw.counts(2, 4000) as [number, number];
    const ldh = draw.stride(hidden);
    const [z, out, mode] = [draw.f32(rows * hidden, (u) => 3 * u), draw.blank(rows * ldh), draw.int(0, 1)];
    const inPlace = draw.flag() && ldh === hidden;
    return (rig) => {
      const from = z(rig);
      const h = shared(inPlace, from, out)(rig);
      rig.kernels.rnnCell(h, from, rows, hidden, ldh, mode);
      return [[h, rows * ldh]];
    };
  },
  lstmCell: (draw) => {
    const [rows, hidden] = draw.counts(2, 4000) as [number, number];
    const n = rows * hidden;
    const ldh = draw.stride(hidden);
    const [gates, before, h] = [draw.f32(4 * n, (u) => 3 * u), draw.f32(n), draw.blank(rows * ldh)];
    const [cell, kept, inPlace] = [draw.blank(n), draw.maybe(draw.blank(n)), draw.flag()];
    return (rig) => {
      const [act, cPrev, out] = [gates(rig), before(rig), h(rig)];
      const [c, tanhC] = [shared(inPlace, cPrev, cell)(rig), kept(rig)];
      rig.kernels.lstmCell(out, c, tanhC, act, cPrev, rows, hidden, ldh);
      return withOptional(
        [
          [out, rows * ldh],
          [c, n],
          [act, 4 * n],
        ],
        tanhC,
        n,
      );
    };
  },
  gruCell: (draw) => {
    const [rows, hidden] = draw.counts(2, 4000) as [number, number];
    const n = rows * hidden;
    const [ldh, ldhPrev] = [draw.stride(hidden), draw.stride(hidden)];
    const [gates, hn, before, out] = [draw.f32(3 * n, (u) => 3 * u), draw.f32(n), draw.f32(rows * ldhPrev), draw.blank(rows * ldh)];
    const inPlace = draw.flag() && ldh === ldhPrev;
    return (rig) => {
      const [act, hPrev] = [gates(rig), before(rig)];
      const h = shared(inPlace, hPrev, out)(rig);
      rig.kernels.gruCell(h, act, hn(rig), hPrev, rows, hidden, ldh, ldhPrev);
      return [
        [h, rows * ldh],
        [act, 3 * n],
      ];
    };
  },
  gruReset: (draw) => {
    const [rows, hidden] = draw.counts(2, 4000) as [number, number];
    const n = rows * hidden;
    const ldhPrev = draw.stride(hidden);
    const [gates, before, out] = [draw.f32(3 * n, (u) => 3 * u), draw.f32(rows * ldhPrev), draw.blank(n)];
    return (rig) => {
      const [rh, act] = [out(rig), gates(rig)];
      rig.kernels.gruReset(rh, act, before(rig), rows, hidden, ldhPrev);
      return [
        [rh, n],
        [act, 3 * n],
      ];
    };
  },
  gruBlend: (draw) => {
    const [rows, hidden] = draw.counts(2, 4000) as [number, number];
    const n = rows * hidden;
    const [ldh, ldhPrev] = [draw.stride(hidden), draw.stride(hidden)];
    const [gates, before, out] = [draw.f32(3 * n, (u) => 3 * u), draw.f32(rows * ldhPrev), draw.blank(rows * ldh)];
    const inPlace = draw.flag() && ldh === ldhPrev;
    return (rig) => {
      const [act, hPrev] = [gates(rig), before(rig)];
      const h = shared(inPlace, hPrev, out)(rig);
      rig.kernels.gruBlend(h, act, hPrev, rows, hidden, ldh, ldhPrev);
      return [
        [h, rows * ldh],
        [act, 3 * n],
      ];
    };
  },
  crfBest: (draw) => {
    const [steps, n] = draw.counts(2, 1000) as [number, number];
    const width = (n + 3) & ~3;
    const [best, emissions, start, transitions] = [draw.f32(steps * width), draw.f32(steps * n), draw.f32(n), draw.f32(n * width)];
    return (rig) => {
      const y = best(rig);
      rig.kernels.crfBest(y, emissions(rig), start(rig), transitions(rig), steps, n);
      return [[y, steps * width]];
    };
  },
};

/** The outputs, and one more where it is not absent. */
function withOptional(outputs: [Ptr, number][], ptr: Ptr, n: number): [Ptr, number][] {
  return ptr === 0 ? outputs : [...outputs, [ptr, n]];
}

/** Rows and columns with strides on both sides: the target dense, with gaps or transposed; the source also broadcast. */
export function strided(draw: Parameters<Generator>[0], target: (n: number) => ReturnType<typeof draw.blank>) {
  const [rows, cols] = draw.counts(2) as [number, number];
  const transposed = draw.int(0, 2) === 0;
  const [yRow, yCol] = transposed ? [1, draw.stride(rows)] : [draw.stride(cols), 1];
  const size = transposed ? cols * yCol : rows * yRow;
  const [xRow, xCol] = draw.from<readonly [number, number]>([
    [draw.stride(cols), 1],
    [1, draw.stride(rows)],
    [0, 1],
    [1, 0],
    [0, 0],
    [2 * cols, 2],
  ]);
  const x = draw.f32((rows - 1) * xRow + (cols - 1) * xCol + 1);
  return { rows, cols, y: target(size), x, size, strides: [yRow, yCol, xRow, xCol] as [number, number, number, number] };
}
