import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
  dependencies?: object;
  engines: { node: string };
};

/** Pinned: a name that comes or goes is a change of the public surface. */
const INFER = [
  "ConfigError",
  "Embedding",
  "FormatError",
  "GRU",
  "IndexError",
  "LSTM",
  "Linear",
  "MemoryError",
  "NumericError",
  "RNN",
  "RecurraError",
  "SequenceClassifier",
  "ShapeError",
  "StateError",
  "StorageError",
  "Tensor",
  "createEngine",
  "createEngineSync",
  "isRecurraError",
  "logSoftmax",
  "readStateDict",
  "softmax",
  "tensor",
  "zeros",
];
const FULL = [
  "Adadelta",
  "Adagrad",
  "Adam",
  "AdamW",
  "Adamax",
  "AveragedWeights",
  "ConfigError",
  "Dropout",
  "Embedding",
  "Engine",
  "FormatError",
  "GRU",
  "GRUCell",
  "IndexError",
  "LSTM",
  "LSTMCell",
  "LayerNorm",
  "Linear",
  "Lion",
  "MemoryError",
  "Module",
  "NAdam",
  "NumericError",
  "Optimizer",
  "Parameter",
  "RAdam",
  "RMSprop",
  "RNN",
  "RNNCell",
  "ReLU",
  "RecurraError",
  "ReduceLROnPlateau",
  "RowSparse",
  "SGD",
  "Scheduler",
  "Sequential",
  "ShapeError",
  "Sigmoid",
  "StateError",
  "StorageError",
  "Tanh",
  "Tensor",
  "VERSION",
  "abs",
  "add",
  "affine",
  "backward",
  "binaryCrossEntropyWithLogits",
  "clamp",
  "clipGradNorm",
  "clipGradValue",
  "concat",
  "constantLR",
  "cosineAnnealingLR",
  "cosineAnnealingWarmRestarts",
  "createEngine",
  "createEngineSync",
  "crossEntropy",
  "cyclicLR",
  "decayGroups",
  "detach",
  "div",
  "dropout",
  "elu",
  "embedding",
  "exp",
  "exponentialLR",
  "fit",
  "full",
  "gather",
  "gelu",
  "gradcheck",
  "hardSigmoid",
  "hardTanh",
  "huberLoss",
  "init",
  "isRecurraError",
  "keep",
  "l1Loss",
  "layerNorm",
  "leakyRelu",
  "linear",
  "linearLR",
  "log",
  "logSigmoid",
  "logSoftmax",
  "maskedSoftmax",
  "matmul",
  "max",
  "mean",
  "mseLoss",
  "mul",
  "multiStepLR",
  "neg",
  "nllLoss",
  "noGrad",
  "noamLR",
  "oneCycleLR",
  "ones",
  "polynomialLR",
  "readSafetensors",
  "readStateDict",
  "relu",
  "reshape",
  "sequentialLR",
  "sigmoid",
  "sigmoidFocalLoss",
  "silu",
  "slice",
  "smoothL1Loss",
  "softmax",
  "softplus",
  "sqrt",
  "stack",
  "stepLR",
  "sub",
  "sum",
  "tanh",
  "tensor",
  "transpose",
  "warmupLinear",
  "warmupRsqrt",
  "withWarmup",
  "writeStateDict",
  "zeros",
];

const TASKS = [
  "Completion",
  "LanguageModel",
  "NumberSequenceModel",
  "Seq2Seq",
  "SequenceClassifier",
  "TokenClassifier",
  "Tokenizer",
  "Vocabulary",
  "WordVectors",
  "bleu",
  "chrf",
  "createTokenizer",
  "crossValidate",
  "distinctNgrams",
  "editDistance",
  "findLearningRate",
  "fromHuggingFace",
  "loadEvaluation",
  "parseColumns",
  "readLabelledTexts",
  "readNumberSequences",
  "readPairs",
  "readPlainText",
  "readTaggedTokens",
  "readTokenIds",
  "readVocabulary",
  "readWordVectors",
  "sequenceScore",
  "sourceOf",
  "trainLanguageModel",
  "trainNumberSequence",
  "trainSeq2Seq",
  "trainSequenceClassifier",
  "trainTokenClassifier",
  "trainTokenizer",
  "tune",
  "writeVocabulary",
];
const LAYERS = [
  "Attention",
  "CRF",
  "EmbeddingBag",
  "EmbeddingDropout",
  "EncoderDecoder",
  "Highway",
  "HighwayCell",
  "LayerNormGRUCell",
  "LayerNormLSTMCell",
  "LockedDropout",
  "MultiheadAttention",
  "Residual",
  "ResidualCell",
  "StackedCells",
  "WordDropout",
  "Zoneout",
  "taggingConstraints",
];
const INSPECT = ["gradientThroughTime", "gradientTimesInput", "integratedGradients", "recordStates", "snapshot", "statistics", "summary"];
const ENTRIES = {
  recurra: FULL,
  "recurra/infer": INFER,
  "recurra/layers": LAYERS,
  "recurra/tasks": TASKS,
  "recurra/inspect": INSPECT,
};

/** What a script prints, run from the root, where `recurra` resolves to this package as built. */
function node(script: string): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** Files that an entry of dist/ loads at once, and what they hold. */
function loadedBy(entry: string): Map<string, string> {
  const files = new Map<string, string>();
  const visit = (url: URL) => {
    const name = url.pathname.split("/").at(-1)!;
    if (files.has(name)) return;
    const text = readFileSync(url, "utf8");
    files.set(name, text);
    for (const [, from] of text.matchAll(/^(?:import |\} from )"(\.[^"]+)";$/gm)) visit(new URL(from!, url));
  };
  visit(new URL(`../dist/${entry}.js`, import.meta.url));
  return files;
}

describe("the built package", () => {
  // A runtime without a bundler takes about a millisecond for each file, and twice the time for one that is not all ASCII.
  test("entries load few files, in ASCII, the one for inference none of training, a thread's worker none of the models", () => {
    const names = (entry: string) => [...loadedBy(entry).keys()].map((name) => name.replace(/-.*/, ""));
    expect(names("infer").sort()).toEqual(["infer.js", "run"]);
    expect(names("index").sort()).toEqual(["index.js", "run", "train"]);
    expect(names("worker")).toEqual(["worker.js"]);
    // Where gradients are spread, and what a training kernel is called.
    const training = /called outside a step|\bf32_\w+_bwd\b/;
    expect([...loadedBy("index").values()].join("")).toMatch(training);
    expect([...loadedBy("infer").values()].join("")).not.toMatch(training);
    for (const [name, text] of loadedBy("index")) expect(/[^\t\n -~]/.exec(text)?.[0], name).toBeUndefined();
  });

  test("Node takes the best kernels from files, or from text where there are none, to the same bits", () => {
    const copy = mkdtempSync(path.join(tmpdir(), "recurra-dist-"));
    const run = (): string => {
      const script = `
        import { createEngine, Embedding, LSTM, tensor } from ${JSON.stringify(pathToFileURL(path.join(copy, "dist/index.js")).href)};
        const engine = await createEngine({ seed: 3 });
        const [embed, lstm] = [new Embedding(engine, { numEmbeddings: 9, embeddingDim: 5 }), new LSTM(engine, { inputSize: 5, hiddenSize: 7 })];
        const { state } = engine.step(() => lstm.forward(embed.forward(tensor(engine, Int32Array.of(1, 2, 3), [1, 3]))));
        console.log(engine.info.build, JSON.stringify(engine.info.notes), state.h.data().join());`;
      return node(script);
    };
    try {
      cpSync(path.join(root, "dist"), path.join(copy, "dist"), { recursive: true });
      cpSync(path.join(root, "package.json"), path.join(copy, "package.json"));
      // They lie beside the folder of what reads them, the command's too.
      const scripts = readdirSync(path.join(copy, "dist"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".js"));
      const readers = scripts.filter((name) => readFileSync(path.join(copy, "dist", name), "utf8").includes("-relaxed.wasm"));
      expect(readers.map((name) => path.dirname(name)).sort()).toEqual(["chunks", "cli"]);
      const whole = run();
      expect(whole).toMatch(/^relaxed \[\] /);
      renameSync(path.join(copy, "dist/wasm"), path.join(copy, "wasm"));
      expect(run()).toBe(whole);
      renameSync(path.join(copy, "wasm"), path.join(copy, "dist/wasm"));
      const chunks = path.join(copy, "dist/chunks");
      for (const file of readdirSync(chunks).filter((name) => name.includes("relaxed-inline"))) rmSync(path.join(chunks, file));
      expect(run()).toBe(whole);
    } finally {
      rmSync(copy, { recursive: true });
    }
  });

  test("a bundle has threads where the worker lies beside it, alone", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "recurra-bundle-"));
    try {
      const contents = `
        import { createEngine, matmul, tensor } from "recurra";
        const engine = await createEngine({ threads: 2 });
        const ones = tensor(engine, new Float32Array(40_000).fill(1), [200, 200]);
        console.log(engine.info.threads, engine.info.notes.length, engine.step(() => matmul(ones, ones).data()).every((sum) => sum === 200));
        engine.dispose();`;
      const outfile = path.join(folder, "app.mjs");
      await build({ stdin: { contents, resolveDir: root }, bundle: true, minify: true, format: "esm", platform: "neutral", outfile });
      cpSync(path.join(root, "dist/worker.js"), path.join(folder, "worker.js"));
      writeFileSync(path.join(folder, "package.json"), '{ "type": "module" }');
      const { stdout, stderr } = spawnSync(process.execPath, [outfile], { encoding: "utf8" });
      expect(stdout, stderr).toBe("2 0 true\n");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test.each(Object.entries(ENTRIES))("%s exports these names", (entry, names) => {
    expect(JSON.parse(node(`console.log(JSON.stringify(Object.keys(await import("${entry}")).sort()))`))).toEqual(names);
  });

  test("importing does no work: nothing is compiled, no timer keeps the process", () => {
    const script = `
      const { compile, Memory } = WebAssembly;
      WebAssembly.compile = WebAssembly.Memory = () => { throw new Error("compiled at import"); };
      for (const entry of ${JSON.stringify(Object.keys(ENTRIES))}) await import(entry);
      console.log(process.getActiveResourcesInfo().filter((name) => /Timeout|Immediate|MessagePort|Worker/.test(name)).join(","));`;
    expect(node(script).trim()).toBe("");
  });

  test("the README's first example trains", () => {
    const [, example] = readFileSync(new URL("../README.md", import.meta.url), "utf8").match(/```js\n(import \{ Adam[\s\S]*?)```/)!;
    const script = `${example}
      const losses = [];
      for (let i = 0; i < 60; i++) losses.push(train(Int32Array.of(1, 2, 3, 4, 5, 0), 2, 3, [3, 2], Int32Array.of(0, 1)));
      console.log(losses[0] > 0.5 && losses.at(-1) < 0.2);`;
    expect(node(script).trim()).toBe("true");
  });

  test("the README's cell of one's own is a layer that trains", () => {
    const [, example] = readFileSync(new URL("../README.md", import.meta.url), "utf8").match(/```js\n(class MinimalGatedCell[\s\S]*?)```/)!;
    const script = `
      import { add, backward, concat, createEngine, Linear, Module, mul, RNN, sigmoid, sub, sum, tanh, zeros } from "recurra";
      const engine = await createEngine({ seed: 1 });
      const [x, lengths] = [zeros(engine, [2, 5, 32]), [5, 3]];
      ${example}
      engine.step(() => backward(sum(layer.forward(x, null, { lengths }).output)));
      console.log(output.shape, state.h.shape, layer.parameters().every(({ grad }) => grad !== null));`;
    expect(node(script).trim()).toBe("[ 2, 5, 128 ] [ 4, 2, 64 ] true");
  });

  test("its version is that of package.json, it depends on nothing, and wants Node 20.19", () => {
    expect(node('console.log((await import("recurra")).VERSION)').trim()).toBe(manifest.version);
    expect(manifest.dependencies ?? {}).toEqual({});
    expect(manifest.engines.node).toBe(">=20.19");
  });

  test("what npm packs is the build, its types and the documents", () => {
    const { stdout } = spawnSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: root, encoding: "utf8" });
    const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
    const names = files.map(({ path }) => path.replace(/-[A-Z0-9]{8}\.js$/, "-HASH.js"));
    const folders = new Set(names.map((name) => (name.includes("/") ? name.split("/").slice(0, 2).join("/") : name)));
    expect([...folders].sort()).toEqual(
      [
        "CHANGELOG.md",
        "LICENSE",
        "README.md",
        "dist/chunks",
        "dist/cli",
        "dist/cli.js",
        "dist/index.js",
        "dist/infer.js",
        "dist/inspect.js",
        "dist/layers.js",
        "dist/tasks.js",
        "dist/types",
        "dist/wasm",
        "dist/worker.js",
        "package.json",
      ].sort(),
    );
  });
});
