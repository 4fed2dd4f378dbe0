/**
 * Raw deflate (RFC 1951) as small as it gets, for the wasm that the entries carry inline: zlib takes the longest match it meets, here the
 * cheapest sequence of literals and matches is found by shortest paths over their costs in bits, again and again as the codes adapt,
 * in blocks that are split where codes of their own pay off. Seconds for what zlib does in milliseconds.
 *
 * Streams are left open and end at a multiple of three bytes, so that the base64 of one that goes on where another ended can be put behind
 * it: what is alike in both is there once. END closes them.
 */

/** An empty last block. */
export const END = Buffer.of(3, 0);

const MAX_LENGTH = 258;
const WINDOW = 32768;
/** Searched at most, so that runs of one byte do not take quadratic time. */
const MAX_CHAIN = 4096;
const ROUNDS = 15;
const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** Code, its first value and extra bits, for every value of a table of RFC 1951, 3.2.5. */
function codesOf(first, extraOf, last) {
  const code = new Uint16Array(last + 1);
  const base = [];
  const extra = [];
  for (let value = first, c = 0; value <= last; c++) {
    base.push(value);
    extra.push(extraOf(c));
    for (let end = value + 2 ** extraOf(c); value < end && value <= last; value++) code[value] = c;
  }
  return { code, base, extra };
}

const LENGTHS = codesOf(3, (c) => (c < 8 ? 0 : (c >> 2) - 1), 257);
// 258 has a code of its own.
LENGTHS.code = Uint16Array.of(...LENGTHS.code, 28);
LENGTHS.base[28] = 258;
LENGTHS.extra[28] = 0;
const DISTANCES = codesOf(1, (c) => (c < 4 ? 0 : (c >> 1) - 1), WINDOW);

/** For every position and length the nearest match: distances[i·259 + length], 0 where there is none, and the longest length. */
function findMatches(bytes) {
  const distances = new Uint16Array(bytes.length * (MAX_LENGTH + 1));
  const longest = new Uint16Array(bytes.length);
  const heads = new Map();
  const previous = new Int32Array(bytes.length).fill(-1);
  for (let i = 0; i + 3 <= bytes.length; i++) {
    const key = (bytes[i] << 16) | (bytes[i + 1] << 8) | bytes[i + 2];
    const most = Math.min(MAX_LENGTH, bytes.length - i);
    let found = 2;
    let at = heads.get(key) ?? -1;
    previous[i] = at;
    heads.set(key, i);
    for (let chain = 0; at >= 0 && i - at <= WINDOW - 1 && found < most && chain < MAX_CHAIN; chain++, at = previous[at]) {
      let length = 3;
      while (length < most && bytes[at + length] === bytes[i + length]) length++;
      for (; found < length; found++) distances[i * (MAX_LENGTH + 1) + found + 1] = i - at;
    }
    longest[i] = found;
  }
  return { distances, longest };
}

/** The cheapest symbols of bytes[from, to): [literal, 0] or [length, distance]. */
function cheapest({ bytes, distances, longest }, from, to, { literals, matches }) {
  const cost = new Float64Array(to - from + 1).fill(Number.POSITIVE_INFINITY);
  const step = new Uint16Array(to - from + 1);
  cost[0] = 0;
  for (let i = from; i < to; i++) {
    const here = cost[i - from];
    const reach = (length, price) => {
      if (here + price < cost[i - from + length]) {
        cost[i - from + length] = here + price;
        step[i - from + length] = length;
      }
    };
    reach(1, literals[bytes[i]]);
    for (let length = 3; length <= Math.min(longest[i], to - i); length++) {
      const c = DISTANCES.code[distances[i * (MAX_LENGTH + 1) + length]];
      reach(length, literals[257 + LENGTHS.code[length]] + LENGTHS.extra[LENGTHS.code[length]] + matches[c] + DISTANCES.extra[c]);
    }
  }
  const symbols = [];
  for (let at = to - from; at > 0; at -= step[at]) {
    const i = from + at - step[at];
    symbols.push(step[at] === 1 ? [bytes[i], 0] : [step[at], distances[i * (MAX_LENGTH + 1) + step[at]]]);
  }
  return symbols.reverse();
}

function countsOf(symbols) {
  const literals = new Array(286).fill(0);
  const matches = new Array(30).fill(0);
  literals[256] = 1;
  for (const [value, distance] of symbols) {
    literals[distance === 0 ? value : 257 + LENGTHS.code[value]]++;
    if (distance > 0) matches[DISTANCES.code[distance]]++;
  }
  return { literals, matches };
}

/** Bits by information content; what has not occurred counts as if once. */
function pricesOf(counts) {
  const total = counts.reduce((sum, count) => sum + count, 0) || 1;
  return counts.map((count) => Math.log2(total / (count || 0.5)));
}

/** Lengths of an optimal prefix code of at most `limit` bits: package-merge. */
function codeLengths(counts, limit) {
  const lengths = new Array(counts.length).fill(0);
  const leaves = counts
    .flatMap((weight, symbol) => (weight > 0 ? [{ weight, symbols: [symbol] }] : []))
    .sort((a, b) => a.weight - b.weight);
  if (leaves.length < 2) {
    for (const { symbols } of leaves) lengths[symbols[0]] = 1;
    return lengths;
  }
  let row = leaves;
  for (let bit = 1; bit < limit; bit++) {
    const pairs = [];
    for (let i = 0; i + 1 < row.length; i += 2) {
      pairs.push({ weight: row[i].weight + row[i + 1].weight, symbols: [...row[i].symbols, ...row[i + 1].symbols] });
    }
    row = [...leaves, ...pairs].sort((a, b) => a.weight - b.weight);
  }
  for (const { symbols } of row.slice(0, 2 * leaves.length - 2)) for (const symbol of symbols) lengths[symbol]++;
  return lengths;
}

/** Code lengths as [symbol, extra bits, their value], runs joined (RFC 1951, 3.2.7). */
function runLengths(lengths) {
  const out = [];
  for (let i = 0; i < lengths.length; ) {
    let run = 1;
    while (lengths[i + run] === lengths[i]) run++;
    const value = lengths[i];
    i += run;
    if (value !== 0) {
      out.push([value, 0, 0]);
      run--;
    }
    while (run >= 3) {
      const size = Math.min(run, value !== 0 ? 6 : 138);
      if (value !== 0) out.push([16, 2, size - 3]);
      else out.push(size > 10 ? [18, 7, size - 11] : [17, 3, size - 3]);
      run -= size;
    }
    for (; run > 0; run--) out.push([value, 0, 0]);
  }
  return out;
}

/** Codes and header of a block with codes of its own, and the bits of all of it. */
function planBlock(symbols) {
  const counts = countsOf(symbols);
  const literals = codeLengths(counts.literals, 15);
  const matches = codeLengths(counts.matches, 15);
  const hlit = Math.max(257, literals.findLastIndex((length) => length > 0) + 1);
  const hdist = Math.max(1, matches.findLastIndex((length) => length > 0) + 1);
  const header = runLengths([...literals.slice(0, hlit), ...matches.slice(0, hdist)]);
  const headerCounts = new Array(19).fill(0);
  for (const [symbol] of header) headerCounts[symbol]++;
  const headerLengths = codeLengths(headerCounts, 7);
  const hclen = Math.max(4, CODE_LENGTH_ORDER.findLastIndex((symbol) => headerLengths[symbol] > 0) + 1);
  const cost = (lengths, extra, tally) => tally.reduce((sum, count, symbol) => sum + count * (lengths[symbol] + (extra[symbol] ?? 0)), 0);
  const bits =
    17 +
    3 * hclen +
    header.reduce((sum, [symbol, extra]) => sum + headerLengths[symbol] + extra, 0) +
    cost(literals, [...new Array(257).fill(0), ...LENGTHS.extra], counts.literals) +
    cost(matches, DISTANCES.extra, counts.matches);
  return { symbols, counts, literals, matches, hlit, hdist, header, headerLengths, hclen, bits };
}

/** Rounds of shortest paths over bytes[from, to), each by the prices of the one before. */
function optimise(source, from, to, start) {
  let prices = start;
  let best = null;
  for (let round = 0; round < ROUNDS; round++) {
    const plan = planBlock(cheapest(source, from, to, prices));
    if (best === null || plan.bits < best.bits) best = plan;
    prices = { literals: pricesOf(plan.counts.literals), matches: pricesOf(plan.counts.matches) };
  }
  return best;
}

const bytesOf = (symbols) => symbols.reduce((sum, [length, distance]) => sum + (distance === 0 ? 1 : length), 0);

/** Splits symbols where two blocks are smaller than one, as long as there is such a place. Returns lists of symbols. */
function split(symbols) {
  const whole = planBlock(symbols).bits;
  const at = (place) => planBlock(symbols.slice(0, place)).bits + planBlock(symbols.slice(place)).bits;
  let [low, high, best] = [1, symbols.length - 1, { place: 0, bits: whole }];
  while (high - low > 8) {
    const places = Array.from({ length: 9 }, (_, i) => low + Math.round(((i + 1) * (high - low)) / 10));
    const tried = places.map((place) => ({ place, bits: at(place) })).reduce((a, b) => (b.bits < a.bits ? b : a));
    if (tried.bits < best.bits) best = tried;
    const width = Math.ceil((high - low) / 5);
    [low, high] = [Math.max(low, tried.place - (width >> 1)), Math.min(high, tried.place + (width >> 1))];
  }
  if (best.place === 0) return [symbols];
  return [...split(symbols.slice(0, best.place)), ...split(symbols.slice(best.place))];
}

/** Canonical codes, first bit lowest. */
function canonical(lengths) {
  const codes = [];
  let code = 0;
  for (let bits = 1; bits <= 15; bits++, code <<= 1) {
    lengths.forEach((length, symbol) => {
      if (length !== bits) return;
      let reversed = 0;
      for (let i = 0; i < bits; i++) reversed |= ((code >> i) & 1) << (bits - 1 - i);
      codes[symbol] = reversed;
      code++;
    });
  }
  return codes;
}

function writeBlock(write, plan) {
  write(0, 1);
  write(2, 2);
  write(plan.hlit - 257, 5);
  write(plan.hdist - 1, 5);
  write(plan.hclen - 4, 4);
  for (const symbol of CODE_LENGTH_ORDER.slice(0, plan.hclen)) write(plan.headerLengths[symbol], 3);
  const [header, literals, matches] = [plan.headerLengths, plan.literals, plan.matches].map(canonical);
  for (const [symbol, extra, value] of plan.header) {
    write(header[symbol], plan.headerLengths[symbol]);
    write(value, extra);
  }
  const literal = (symbol) => write(literals[symbol], plan.literals[symbol]);
  for (const [value, distance] of plan.symbols) {
    if (distance === 0) {
      literal(value);
      continue;
    }
    const [c, d] = [LENGTHS.code[value], DISTANCES.code[distance]];
    literal(257 + c);
    write(value - LENGTHS.base[c], LENGTHS.extra[c]);
    write(matches[d], plan.matches[d]);
    write(distance - DISTANCES.base[d], DISTANCES.extra[d]);
  }
  literal(256);
}

/**
 * @param {Uint8Array} added at least one byte
 * @param {Uint8Array} before what the stream has given so far
 * @returns {Buffer} blocks of raw deflate without a last one, a multiple of three bytes
 */
export function deflateSmall(added, before = new Uint8Array(0)) {
  const bytes = Buffer.concat([before, added]);
  const source = { bytes, ...findMatches(bytes) };
  const flat = { literals: new Array(286).fill(8), matches: new Array(30).fill(5) };
  let from = before.length;
  const whole = optimise(source, from, bytes.length, flat);
  const blocks = split(whole.symbols).map((symbols) => {
    const to = from + bytesOf(symbols);
    const counts = countsOf(symbols);
    const start = { literals: pricesOf(counts.literals), matches: pricesOf(counts.matches) };
    const plan = optimise(source, from, to, start);
    from = to;
    return plan;
  });
  const out = [];
  let [held, count] = [0, 0];
  const write = (value, bits) => {
    held += value * 2 ** count;
    for (count += bits; count >= 8; count -= 8, held = Math.floor(held / 256)) out.push(held % 256);
  };
  for (const block of blocks) writeBlock(write, block);
  do {
    // An empty stored block, which goes on to the end of a byte.
    write(0, 3);
    write(0, (8 - count) % 8);
    write(0xffff0000, 32);
  } while (out.length % 3 !== 0);
  return Buffer.from(out);
}
