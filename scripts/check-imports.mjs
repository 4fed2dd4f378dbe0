/**
 * Holds the tree to STYLE.md: who may import whom, no cycles, where Node and packages may be imported, host maths, pointers, length of files.
 * `node scripts/check-imports.mjs [ROOT]` prints each violation as file:line: rule: found; exit code 1 when there is one.
 */
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { isBuiltin } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

/** errors.ts, options.ts, which checks options and throws its errors, and version.ts: what every folder stands on. */
const GROUND = ["errors", "options", "version"];
const ENGINE = [...GROUND, "engine"];
const TENSOR = [...ENGINE, "tensor"];
const OPS = [...TENSOR, "ops"];
const MODELS = [...OPS, "nn", "loss", "optim", "decode"];
const TRAIN = [...MODELS, "train"];
const TASKS = [...TRAIN, "tasks"];
const EVERYTHING = [...TASKS, "layers", "inspect", "onnx", "text", "io", "platform", "assets"];
/** For every folder and root file of src/: what it may import besides itself. */
const MAY_IMPORT = {
  errors: [],
  options: ["errors"],
  version: [],
  engine: GROUND,
  tensor: ENGINE,
  ops: TENSOR,
  nn: OPS,
  loss: OPS,
  optim: OPS,
  decode: OPS,
  text: [...GROUND, "io"],
  io: [...GROUND, "tensor"],
  platform: GROUND,
  assets: [...OPS, "platform"],
  layers: MODELS,
  train: [...MODELS, "text", "io"],
  tasks: [...TRAIN, "text", "io"],
  inspect: TASKS,
  onnx: TASKS,
  cli: EVERYTHING,
  index: EVERYTHING,
  infer: EVERYTHING,
  worker: ["engine", "platform"],
};
const ENTRIES = new Set([
  "src/index.ts",
  "src/infer.ts",
  "src/worker.ts",
  "src/layers/index.ts",
  "src/tasks/index.ts",
  "src/inspect/index.ts",
  "src/cli/main.ts",
]);
const ROOT_FILES = new Set(["errors", "options", "version", "index", "infer", "worker"]);
const POINTER_FOLDERS = new Set(["engine", "tensor", "ops"]);
const NUMERIC_FOLDERS = new Set(["engine", "tensor", "ops", "nn", "loss", "optim", "decode", "layers", "train"]);
/** IEEE 754 and ECMAScript fix these to the bit, and the constants; the rest differs between engines (random is not seeded). */
const EXACT_MATHS = new Set(
  "abs ceil clz32 floor fround imul max min round sign sqrt trunc E LN10 LN2 LOG10E LOG2E PI SQRT1_2 SQRT2".split(" "),
);
const CLI_PACKAGES = new Set(["commander"]);
const INLINED_WASM = /^build\/wasm\/(core|train)-(baseline|relaxed)-inline\.js$/;
const MAX_LINES = 400;
/** A literal of so many elements, all constants, is a table: its lines do not count. */
const TABLE_ELEMENTS = 16;

function filesBelow(root, folder) {
  const top = path.join(root, folder);
  if (!existsSync(top)) return [];
  return readdirSync(top, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[cm]?[jt]s$/.test(entry.name) && !/\bnode_modules\b/.test(entry.parentPath))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join("/"))
    .sort();
}

/** The row of MAY_IMPORT that a file of src/ falls under; undefined when it has none. */
function groupOf(file) {
  const [, first, ...rest] = file.split("/");
  const group = rest.length === 0 ? first.replace(/\.[cm]?[jt]s$/, "") : first;
  return Object.hasOwn(MAY_IMPORT, group) && ROOT_FILES.has(group) === (rest.length === 0) ? group : undefined;
}

function isConstant(node) {
  if (ts.isArrayLiteralExpression(node)) return node.elements.every(isConstant);
  if (ts.isObjectLiteralExpression(node)) return node.properties.every((p) => ts.isPropertyAssignment(p) && isConstant(p.initializer));
  if (ts.isPrefixUnaryExpression(node)) return isConstant(node.operand);
  return ts.isLiteralExpression(node) || node.kind === ts.SyntaxKind.TrueKeyword || node.kind === ts.SyntaxKind.FalseKeyword;
}

function lineOf(source, node) {
  return source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
}

function eachNode(node, visit) {
  visit(node);
  ts.forEachChild(node, (child) => eachNode(child, visit));
}

/** The module specifier that a node imports: a string, null for one that is computed, undefined for no import. */
function specifierOf(node) {
  let name;
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) name = node.moduleSpecifier;
  else if (ts.isImportTypeNode(node)) name = ts.isLiteralTypeNode(node.argument) ? node.argument.literal : null;
  else if (ts.isExternalModuleReference(node)) name = node.expression;
  else if (ts.isCallExpression(node)) {
    const called = node.expression;
    if (called.kind !== ts.SyntaxKind.ImportKeyword && !(ts.isIdentifier(called) && called.text === "require")) return undefined;
    name = node.arguments[0] ?? null;
  }
  if (name === undefined) return undefined;
  return name !== null && ts.isStringLiteralLike(name) ? name.text : null;
}

function checkLength(file, source, report) {
  let tables = 0;
  const count = (node) => {
    const size = node.elements?.length ?? node.properties?.length ?? 0;
    if ((ts.isArrayLiteralExpression(node) || ts.isObjectLiteralExpression(node)) && size >= TABLE_ELEMENTS && isConstant(node)) {
      const end = source.getLineAndCharacterOfPosition(node.getEnd()).line + 1;
      tables += Math.max(0, end - lineOf(source, node) - 1);
    } else ts.forEachChild(node, count);
  };
  count(source);
  const text = source.text.endsWith("\n") ? source.text.slice(0, -1) : source.text;
  const lines = text.split("\n").length - tables;
  if (lines > MAX_LINES) report(file, MAX_LINES + 1, "length", `${lines} lines without tables, wants at most ${MAX_LINES}`);
}

function checkMaths(file, source, node, report) {
  const complain = (found) => report(file, lineOf(source, node), "maths", `${found}, which differs between JavaScript engines`);
  if (node.kind === ts.SyntaxKind.AsteriskAsteriskToken) complain("**");
  if (node.kind === ts.SyntaxKind.AsteriskAsteriskEqualsToken) complain("**=");
  if (!ts.isIdentifier(node) || node.text !== "Math") return;
  const { parent } = node;
  if (!ts.isPropertyAccessExpression(parent) || parent.expression !== node) complain("Math taken as a value");
  else if (!EXACT_MATHS.has(parent.name.text)) complain(`Math.${parent.name.text}`);
}

/** `.kernels`, `{ kernels } = …` and `["kernels"]`. */
function checkPointers(file, source, node, report) {
  const named = (name) => name !== undefined && (ts.isIdentifier(name) || ts.isStringLiteralLike(name)) && name.text === "kernels";
  const used =
    (ts.isPropertyAccessExpression(node) && named(node.name)) ||
    (ts.isElementAccessExpression(node) && named(node.argumentExpression)) ||
    (ts.isBindingElement(node) && ts.isObjectBindingPattern(node.parent) && named(node.propertyName ?? node.name));
  if (used) report(file, lineOf(source, node), "pointers", "kernels of an engine, for engine, tensor and ops only");
}

/** Judges one import of `file`; returns the file of src/ that it names, when there is one. */
function checkImport(file, line, specifier, files, report) {
  const group = groupOf(file);
  const complain = (rule, found) => report(file, line, rule, found);
  if (specifier === null) return complain("imports", "a computed module name, wants a string literal");
  if (isBuiltin(specifier)) {
    if (file !== "src/platform/node.ts" && group !== "cli") complain("node", `${specifier}, for src/platform/node.ts and src/cli only`);
    return undefined;
  }
  if (!specifier.startsWith(".")) {
    if (group !== "cli" || !CLI_PACKAGES.has(specifier))
      complain("packages", `${specifier}, wants relative imports (commander in src/cli)`);
    return undefined;
  }
  const path_ = path.posix.join(path.posix.dirname(file), specifier);
  if (INLINED_WASM.test(path_) && group === "assets") return undefined;
  if (!path_.startsWith("src/")) return complain("outside", `${specifier}, wants a file of src/`);
  const target = path_.replace(/\.js$/, ".ts");
  if (!files.has(target)) return complain("missing", `${specifier}, wants a file that exists, with the suffix .js`);
  const other = groupOf(target);
  if (ENTRIES.has(target)) complain("entry", `${target}, which nobody imports`);
  else if (group === "engine" || group === "tensor" || group === "ops" || target !== "src/engine/kernels.ts") {
    if (group !== undefined && other !== undefined && other !== group && !MAY_IMPORT[group].includes(other)) {
      complain("ranks", `${group} imports ${other} (${target}), may import ${MAY_IMPORT[group].join(", ") || "nothing"}`);
    }
  } else complain("pointers", `${target}, for engine, tensor and ops only`);
  return target;
}

/** Groups of files that import one another (Tarjan 1972); `edges` maps a file to its imports { target, line }. */
function cycles(edges) {
  const state = new Map();
  const stack = [];
  const found = [];
  const visit = (file) => {
    const own = { index: state.size, low: state.size, onStack: true };
    state.set(file, own);
    stack.push(file);
    for (const { target } of edges.get(file) ?? []) {
      if (!state.has(target)) own.low = Math.min(own.low, visit(target).low);
      else if (state.get(target).onStack) own.low = Math.min(own.low, state.get(target).index);
    }
    if (own.low === own.index) {
      const members = stack.splice(stack.indexOf(file));
      for (const member of members) state.get(member).onStack = false;
      if (members.length > 1 || edges.get(file)?.some(({ target }) => target === file)) found.push(members);
    }
    return own;
  };
  for (const file of edges.keys()) if (!state.has(file)) visit(file);
  return found;
}

/** All violations below `root`, as { file, line, rule, found }, ordered by file and line. */
export function checkTree(root) {
  const violations = [];
  const report = (file, line, rule, found) => void violations.push({ file, line, rule, found });
  const files = new Set(filesBelow(root, "src"));
  const edges = new Map();
  for (const file of [...files, ...filesBelow(root, "assembly"), ...filesBelow(root, "test")]) {
    const source = ts.createSourceFile(file, readFileSync(path.join(root, file), "utf8"), ts.ScriptTarget.Latest, true);
    checkLength(file, source, report);
    if (!files.has(file)) continue;
    const group = groupOf(file);
    if (group === undefined)
      report(file, 1, "folders", `${file.split("/").slice(0, 2).join("/")}, which the table of imports does not name`);
    edges.set(file, []);
    eachNode(source, (node) => {
      if (NUMERIC_FOLDERS.has(group)) checkMaths(file, source, node, report);
      if (!POINTER_FOLDERS.has(group)) checkPointers(file, source, node, report);
      const specifier = specifierOf(node);
      if (specifier === undefined) return;
      const target = checkImport(file, lineOf(source, node), specifier, files, report);
      if (target !== undefined) edges.get(file).push({ target, line: lineOf(source, node) });
    });
  }
  for (const members of cycles(edges)) {
    const [first] = members;
    const { line } = edges.get(first).find(({ target }) => members.includes(target));
    report(first, line, "cycle", `${members.join(", ")} import one another`);
  }
  violations.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line));
  return { files: files.size, violations };
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const root = path.resolve(process.argv[2] ?? path.dirname(path.dirname(fileURLToPath(import.meta.url))));
  const { files, violations } = checkTree(root);
  for (const { file, line, rule, found } of violations) console.log(`${file}:${line}: ${rule}: ${found}`);
  if (files === 0) console.error(`check-imports: ${path.join(root, "src")} has no sources, wants some`);
  else console.error(`check-imports: ${files} files of src, ${violations.length} violations`);
  process.exitCode = files === 0 || violations.length > 0 ? 1 : 0;
}
