/** Each wrong call: a RecurraError that names argument, value and wish; no parameter has changed. */
import { afterAll, expect, test } from "vitest";
import {
  Adam,
  AdamW,
  add,
  affine,
  backward,
  clipGradNorm,
  concat,
  createEngine,
  crossEntropy,
  Dropout,
  dropout,
  Embedding,
  type ErrorCode,
  GRU,
  GRUCell,
  gather,
  isRecurraError,
  keep,
  Linear,
  LSTM,
  matmul,
  max,
  mean,
  mul,
  RNN,
  RNNCell,
  reshape,
  SGD,
  slice,
  stack,
  sum,
  type Tensor,
  tensor,
  transpose,
  zeros,
} from "../../src/index.js";

const engine = await createEngine({ seed: 1 });
const other = await createEngine({ seed: 1 });
afterAll(() => {
  engine.dispose();
  other.dispose();
});

const linear = new Linear(engine, { inFeatures: 3, outFeatures: 2 });
const lstm = new LSTM(engine, { inputSize: 3, hiddenSize: 4, numLayers: 2 });
const gru = new GRU(engine, { inputSize: 3, hiddenSize: 4 });
const embedding = new Embedding(engine, { numEmbeddings: 5, embeddingDim: 3 });
const modules = [linear, lstm, gru, embedding];
const z = (...shape: number[]) => zeros(engine, shape);
const ids = (...values: number[]) => tensor(engine, Int32Array.from(values));
const NaN_ = Number.NaN;

const CALLS: readonly [name: string, code: ErrorCode, message: RegExp, call: () => unknown][] = [
  ["feature count of Linear", "shape", /linear: input has 5 features, wants 3 \(shape \[2, 5\]/, () => linear.forward(z(2, 5))],
  [
    "feature count of LSTM",
    "shape",
    /LSTM\.forward: input has 5 features, wants inputSize 3 \(shape \[2, 1, 5\]\)/,
    () => lstm.forward(z(2, 1, 5)),
  ],
  [
    "rank of the input",
    "shape",
    /GRU\.forward: input has rank 2 \(shape \[2, 3\]\), wants rank 3, \[B, T, features\]/,
    () => gru.forward(z(2, 3)),
  ],
  ["no time steps", "shape", /0 time steps, wants at least 1/, () => gru.forward(z(2, 0, 3))],
  ["dtype of the input", "shape", /GRU\.forward: input has dtype i32, wants f32/, () => gru.forward(zeros(engine, [1, 1, 3], "i32"))],
  [
    "state shape",
    "shape",
    /LSTM\.forward: state h has shape \[1, 2, 4\], wants \[2, 2, 4\] \(layers·directions, batch, size\)/,
    () => lstm.forward(z(2, 1, 3), { h: z(1, 2, 4), c: z(2, 2, 4) }),
  ],
  ["state without c", "shape", /LSTM\.forward: state has no c, wants both/, () => lstm.forward(z(2, 1, 3), { h: z(2, 2, 4) } as never)],
  [
    "length above T",
    "index",
    /GRU\.forward: length 5 at row 1, wants a whole number from 1 to 4/,
    () => gru.forward(z(2, 4, 3), null, { lengths: [4, 5] }),
  ],
  ["length 0", "index", /length 0 at row 0/, () => gru.forward(z(2, 4, 3), null, { lengths: [0, 4] })],
  ["fractional length", "index", /length 1\.5 at row 0/, () => gru.forward(z(1, 4, 3), null, { lengths: [1.5] })],
  ["count of lengths", "shape", /GRU\.forward: 1 lengths, wants 2/, () => gru.forward(z(2, 4, 3), null, { lengths: [4] })],
  [
    "unknown option of forward",
    "config",
    /GRU\.forward: unknown option length, wants lengths/,
    () => gru.forward(z(2, 4, 3), null, { length: [4] } as never),
  ],
  ["id too large", "index", /embedding: id 7 at position 1, wants ids from 0 to 4/, () => embedding.forward(ids(0, 7))],
  ["negative id", "index", /embedding: id -1 at position 0/, () => embedding.forward(ids(-1))],
  ["ids as floats", "shape", /embedding: ids has dtype f32, wants i32/, () => embedding.forward(z(2))],
  ["fractional ids", "index", /tensor: value 1\.5 at 0, wants 32-bit whole numbers/, () => tensor(engine, [1.5], [1], "i32")],
  ["target out of range", "index", /crossEntropy: .*5/, () => crossEntropy(z(1, 3), ids(5))],
  ["target count", "shape", /crossEntropy/, () => crossEntropy(z(2, 3), ids(0))],
  [
    "label smoothing",
    "config",
    /crossEntropy: labelSmoothing 2, wants a number from 0 to 1/,
    () => crossEntropy(z(1, 3), ids(0), { labelSmoothing: 2 }),
  ],
  ["NaN learning rate", "config", /SGD: lr NaN, wants a number from 0/, () => new SGD(linear.parameters(), { lr: NaN_ })],
  ["negative learning rate", "config", /Adam: lr -1, wants a number from 0/, () => new Adam(linear.parameters(), { lr: -1 })],
  [
    "betas",
    "config",
    /AdamW: betas \[1,0\.9\], wants two numbers from 0 to below 1/,
    () => new AdamW(linear.parameters(), { betas: [1, 0.9] }),
  ],
  [
    "misspelt option",
    "config",
    /Adam: unknown option weight_decay, wants weightDecay/,
    () => new Adam(linear.parameters(), { weight_decay: 0.1 } as never),
  ],
  ["no parameters", "config", /SGD: no parameters, wants at least 1/, () => new SGD([], { lr: 0.1 })],
  ["parameter twice", "config", /a parameter comes twice/, () => new SGD([linear.weight, linear.weight], { lr: 0.1 })],
  ["Nesterov without momentum", "config", /SGD: nesterov with momentum 0/, () => new SGD(linear.parameters(), { lr: 0.1, nesterov: true })],
  ["clip norm", "config", /clipGradNorm: maxNorm NaN, wants a number from 0/, () => clipGradNorm(linear.parameters(), NaN_)],
  ["hidden size", "config", /LSTM: hiddenSize 0, wants a whole number from 1/, () => new LSTM(engine, { inputSize: 3, hiddenSize: 0 })],
  [
    "dropout",
    "config",
    /LSTM: dropout 1\.5, wants a number from 0 to 1/,
    () => new LSTM(engine, { inputSize: 3, hiddenSize: 4, dropout: 1.5 }),
  ],
  [
    "bias as a word",
    "config",
    /GRU: bias "no", wants true or false/,
    () => new GRU(engine, { inputSize: 3, hiddenSize: 4, bias: "no" } as never),
  ],
  [
    "projection as large as the state",
    "config",
    /LSTM: projSize 4, wants less than hiddenSize 4/,
    () => new LSTM(engine, { inputSize: 3, hiddenSize: 4, projSize: 4 }),
  ],
  [
    "projection of a GRU",
    "config",
    /GRU: projSize 2, wants 0/,
    () => new GRU(engine, { inputSize: 3, hiddenSize: 4, projSize: 2 } as never),
  ],
  [
    "nonlinearity",
    "config",
    /RNN: nonlinearity "gelu", wants "tanh" or "relu"/,
    () => new RNN(engine, { inputSize: 3, hiddenSize: 4, nonlinearity: "gelu" as never }),
  ],
  [
    "merge",
    "config",
    /GRU: merge "max", wants "concat", "sum" or "mean"/,
    () => new GRU(engine, { inputSize: 3, hiddenSize: 4, bidirectional: true, merge: "max" as never }),
  ],
  [
    "weight drop",
    "config",
    /LSTM: weightDropout -0\.1, wants a number from 0 to 1/,
    () => new LSTM(engine, { inputSize: 3, hiddenSize: 4, weightDropout: -0.1 }),
  ],
  [
    "variational as a probability",
    "config",
    /RNN: variational 0\.3, wants true or false/,
    () => new RNN(engine, { inputSize: 3, hiddenSize: 4, variational: 0.3 as never }),
  ],
  [
    "learned state as a number",
    "config",
    /GRU: learnedState 1, wants true or false/,
    () => new GRU(engine, { inputSize: 3, hiddenSize: 4, learnedState: 1 as never }),
  ],
  [
    "reset form of a cell",
    "config",
    /GRUCell: resetAfter "yes", wants true or false/,
    () => new GRUCell(engine, { inputSize: 3, hiddenSize: 4, resetAfter: "yes" as never }),
  ],
  [
    "reset form of an LSTM",
    "config",
    /LSTM: unknown option resetAfter, wants /,
    () => new LSTM(engine, { inputSize: 3, hiddenSize: 4, resetAfter: false } as never),
  ],
  [
    "nonlinearity of a cell",
    "config",
    /RNNCell: nonlinearity "gelu", wants "tanh" or "relu"/,
    () => new RNNCell(engine, { inputSize: 3, hiddenSize: 4, nonlinearity: "gelu" as never }),
  ],
  [
    "bias of a cell",
    "config",
    /RNNCell: bias 0, wants true or false/,
    () => new RNNCell(engine, { inputSize: 3, hiddenSize: 4, bias: 0 as never }),
  ],
  ["no options", "config", /GRU: options undefined, wants an object/, () => new GRU(engine, undefined as never)],
  ["missing size", "config", /GRU: inputSize undefined, wants a whole number from 1/, () => new GRU(engine, { hiddenSize: 4 } as never)],
  [
    "padding index",
    "config",
    /Embedding: paddingIdx 5, wants an id from 0 to 4/,
    () => new Embedding(engine, { numEmbeddings: 5, embeddingDim: 3, paddingIdx: 5 }),
  ],
  ["dropout probability", "config", /Dropout: p NaN, wants a probability/, () => new Dropout(NaN_)],
  ["dropout of an op", "config", /dropout: p -0\.1/, () => dropout(z(1), -0.1)],
  ["shapes that do not broadcast", "shape", /add: .*\[2, 3\].*\[4\]/, () => add(z(2, 3), z(4))],
  ["inner extents of matmul", "shape", /matmul: a has 3 columns, b has 4 rows/, () => matmul(z(2, 3), z(4, 2))],
  ["matmul of a number", "shape", /matmul: shapes \[\] and \[2, 2\], wants rank 1 at least/, () => matmul(z(), z(2, 2))],
  ["reshape", "shape", /reshape: 6 elements \(shape \[2, 3\]\) do not fill shape \[4\]/, () => reshape(z(2, 3), [4])],
  ["reshape by two unknowns", "shape", /reshape: .* do not fill/, () => reshape(z(2, 3), [-1, -1])],
  ["negative extent", "shape", /zeros|full/, () => zeros(engine, [-1])],
  ["axis", "index", /slice: .*axis 2|axis/, () => slice(z(2, 3), 2, 0, 1)],
  ["range of a slice", "index", /slice: range 1 to 9, wants one within 0 to 3/, () => slice(z(2, 3), 1, 1, 9)],
  ["order of axes", "config", /transpose: order \[0, 0\], wants a permutation/, () => transpose(z(2, 3), [0, 0])],
  ["concat of unlike shapes", "shape", /concat: f32 \[2, 4\] does not fit f32 \[2, 3\] beside axis 0/, () => concat([z(2, 3), z(2, 4)])],
  ["concat of nothing", "shape", /concat: no tensors/, () => concat([])],
  ["stack of unlike shapes", "shape", /stack: shape \[3\], wants \[2\]/, () => stack([z(2), z(3)])],
  ["maximum of nothing", "shape", /max: no elements/, () => max(z(2, 0), 1)],
  ["ragged data", "shape", /tensor: nested data have 1 entries at depth 1, wants 2/, () => tensor(engine, [[1, 2], [3]])],
  ["values that do not fill the shape", "shape", /tensor: 2 values, wants 3/, () => tensor(engine, [1, 2], [3])],
  [
    "index of gather",
    "index",
    /gather: id 3 at position 0, wants ids from 0 to 2/,
    () => gather(z(2, 3), 1, tensor(engine, Int32Array.of(3), [1, 1])),
  ],
  ["keep into another size", "shape", /keep: replace is f32 \[3\], wants a kept tensor like f32 \[2\]/, () => keep(z(2), z(3))],
  ["two engines", "state", /mul: tensors of two engines were mixed/, () => mul(z(1), zeros(other, [1]))],
  ["a layer of another engine", "state", /GRU\.forward: tensors of two engines/, () => gru.forward(zeros(other, [1, 1, 3]))],
  ["backward outside a step", "state", /backward: called outside a step/, () => backward(z(1))],
  ["backward of many elements", "shape", /backward: loss has 2 elements \(shape \[2\]\), wants 1/, () => engine.step(() => backward(z(2)))],
  ["backward without a history", "state", /backward: loss has no history/, () => engine.step(() => backward(z(1)))],
  [
    "backward twice",
    "state",
    /backward: called again on a graph already freed, wants retainGraph/,
    () =>
      engine.step(() => {
        const loss = sum(linear.forward(z(1, 3)));
        const own = linear.parameters().map((parameter) => parameter.grad);
        try {
          backward(loss);
          backward(loss);
        } finally {
          linear.parameters().forEach((parameter, i) => {
            parameter.grad = own[i]!;
          });
        }
      }),
  ],
  [
    "stepper of both directions",
    "config",
    /GRU\.stepper: the network is bidirectional/,
    () => new GRU(engine, { inputSize: 3, hiddenSize: 4, bidirectional: true }).stepper(),
  ],
  [
    "numbers of a step",
    "shape",
    /GRU\.step: x has 2 and out 4 numbers, wants 3 and 4/,
    () => gru.stepper().step([1, 2], new Float32Array(4)),
  ],
  [
    "state dict of other sizes",
    "shape",
    /Linear\.loadStateDict: weight has shape \[3, 2\], wants \[2, 3\]/,
    () =>
      linear.loadStateDict(
        new Map([
          ["weight", z(3, 2)],
          ["bias", z(2)],
        ]),
      ),
  ],
  [
    "state dict of other names",
    "format",
    /missing keys: bias; unexpected keys: biass/,
    () =>
      linear.loadStateDict(
        new Map([
          ["weight", z(2, 3)],
          ["biass", z(2)],
        ]),
      ),
  ],
  [
    "state dict whose data do not fill the shape",
    "shape",
    /Linear\.loadStateDict: bias has 1 values, wants 2/,
    () =>
      linear.loadStateDict(
        new Map<string, never>([
          ["weight", z(2, 3) as never],
          ["bias", { shape: [2], data: [1] } as never],
        ]),
      ),
  ],
  ["mean over a missing axis", "index", /mean: axis 3/, () => mean(z(2, 2), 3)],
  ["item of many", "shape", /Tensor\.item: tensor has 2 elements/, () => z(2).item()],
  ["assign of another count", "shape", /Tensor\.assign: 1 values, wants 2/, () => z(2).assign([1])],
  ["affine of ids", "shape", /affine: x has dtype i32, wants f32/, () => affine(ids(1), 2)],
];

const snapshot = (): Float32Array[] => modules.flatMap((module) => module.parameters().map((p: Tensor) => p.data() as Float32Array));

for (const [name, code, message, call] of CALLS) {
  test(`${name} is refused with a ${code} error that says what was found and what was wanted`, () => {
    const before = snapshot();
    let caught: unknown;
    try {
      call();
    } catch (error) {
      caught = error;
    }
    expect(isRecurraError(caught), `got ${String(caught)}`).toBe(true);
    expect((caught as Error).message).toMatch(message);
    expect((caught as { code: string }).code).toBe(code);
    expect(engine.inStep).toBe(false);
    expect(snapshot()).toEqual(before);
  });
}
