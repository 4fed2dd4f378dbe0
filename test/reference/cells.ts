/** Recurrent cells and their gradients in float64, written from the formulas, not from the kernels. */
const s = (x: number) => 1 / (1 + Math.exp(-x));

/** One unit of an LSTM: pre-activations i f g o and the cell before. */
export function lstmUnit([i, f, g, o]: readonly number[], cPrev: number) {
  const gates = [s(i!), s(f!), Math.tanh(g!), s(o!)] as const;
  const c = gates[1] * cPrev + gates[0] * gates[2];
  return { gates, c, h: gates[3] * Math.tanh(c) };
}

/** Gradients of dh·h + dc·c with respect to the pre-activations and cPrev. */
export function lstmUnitGrad(pre: readonly number[], cPrev: number, dh: number, dc: number) {
  const { gates, c } = lstmUnit(pre, cPrev);
  const [i, f, g, o] = gates;
  const t = Math.tanh(c);
  const d = dc + dh * o * (1 - t * t);
  return { dPre: [d * g * i * (1 - i), d * cPrev * f * (1 - f), d * i * (1 - g * g), dh * t * o * (1 - o)], dcPrev: d * f };
}

/** One unit of a GRU: input-side pre-activations r z n, the hidden part of n, the state before. */
export function gruUnit([r, z, n]: readonly number[], hn: number, hPrev: number) {
  const [reset, update] = [s(r!), s(z!)];
  const fresh = Math.tanh(n! + reset * hn);
  return { gates: [reset, update, fresh] as const, h: (1 - update) * fresh + update * hPrev };
}

export function gruUnitGrad(pre: readonly number[], hn: number, hPrev: number, dh: number) {
  const [r, z, n] = gruUnit(pre, hn, hPrev).gates;
  const dn = dh * (1 - z) * (1 - n * n);
  return { dPre: [dn * hn * r * (1 - r), dh * (hPrev - n) * z * (1 - z), dn], dHn: dn * r, dhPrev: dh * z };
}

/** First half of a unit of the GRU that resets before the product: pre-activations r and z, the state before. */
export function gruResetUnit([r, z]: readonly number[], hPrev: number) {
  return { gates: [s(r!), s(z!)] as const, rh: s(r!) * hPrev };
}

/** Second half: activated z, the pre-activation of n with the product of r·h in it. */
export function gruBlendUnit(z: number, n: number, hPrev: number) {
  const fresh = Math.tanh(n);
  return { fresh, h: (1 - z) * fresh + z * hPrev };
}

/** Gradients with respect to the pre-activations of z and n, and the direct part to hPrev; z and n activated. */
export function gruBlendUnitGrad(z: number, n: number, hPrev: number, dh: number) {
  return { dz: dh * (hPrev - n) * z * (1 - z), dn: dh * (1 - z) * (1 - n * n), dhPrev: dh * z };
}

/** Gradients with respect to the pre-activation of r, and what goes to hPrev; r activated, dRh the gradient of r·h. */
export const gruResetUnitGrad = (r: number, hPrev: number, dRh: number) => ({ dr: dRh * hPrev * r * (1 - r), dhPrev: dRh * r });
