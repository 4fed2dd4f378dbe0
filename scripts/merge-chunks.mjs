/**
 * Joins the many small chunks that code splitting leaves into one for each group: a runtime without a bundler reads, resolves and compiles every
 * file for itself, about a millisecond each in Node.
 */
import { createHash } from "node:crypto";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { build } from "esbuild";

const IMPORT = /^import (?:\{([^}]*)\} from )?"(\.\/[^"]+)";\n/gm;

/** Static imports of a module: the file, from the folder of all, and what is imported as `name` or `name as local`. */
function importsOf(file, text) {
  return Array.from(text.matchAll(IMPORT), ([statement, names, from]) => ({
    statement,
    file: path.posix.join(path.posix.dirname(file), from),
    names: (names ?? "")
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== ""),
  }));
}

const exportsOf = (text) =>
  /\nexport \{([^}]*)\};\s*$/
    .exec(text)?.[1]
    .split(",")
    .map((name) => name.trim().split(" as ").at(-1)) ?? [];

/** Everything that a module loads with it, itself included. */
function closure(texts, entry) {
  const seen = new Set();
  const visit = (file) => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const { file: imported } of importsOf(file, texts.get(file))) visit(imported);
  };
  visit(entry);
  return seen;
}

/** The inlined kernels, which functions alone read: amid code they spoil gzip's tables of symbols for it. */
const LONG_TEXT = /^var (\w+) = (?:\{ "text": )?"[^\n]{4096,};\n/gm;

/** Moves long texts to the end of a module: half a KiB of recurra/infer. */
function textsLast(text) {
  const found = text.match(LONG_TEXT) ?? [];
  return text.replace(LONG_TEXT, "").replace(/(?=\nexport \{[^}]*\};\s*$)/, () => `\n${found.join("").trimEnd()}`);
}

/** One module of several, whose exports are named anew where two have the same name. Returns its text and the names by chunk. */
async function join(out, chunks, texts) {
  const taken = new Set();
  const renamed = new Map();
  for (const chunk of chunks) {
    const names = new Map();
    for (const name of exportsOf(texts.get(chunk))) {
      let alias = name;
      while (taken.has(alias)) alias += "$";
      taken.add(alias);
      names.set(name, alias);
    }
    renamed.set(chunk, names);
  }
  const lines = Array.from(renamed, ([chunk, names]) => {
    const list = Array.from(names, ([name, alias]) => (name === alias ? name : `${name} as ${alias}`)).join(", ");
    return `export { ${list} } from "./${path.posix.basename(chunk)}";`;
  });
  const inside = new Set(chunks.map((chunk) => path.posix.basename(chunk)));
  const { outputFiles } = await build({
    stdin: { contents: lines.join("\n"), resolveDir: path.join(out, "chunks"), sourcefile: "chunks" },
    absWorkingDir: path.join(out, "chunks"),
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    treeShaking: false,
    legalComments: "none",
    logLevel: "error",
    plugins: [
      {
        name: "others stay imports",
        setup: ({ onResolve, onLoad }) => {
          onResolve({ filter: new RegExp(`^(\\./|${DIST})`) }, ({ path: from, kind }) =>
            kind === "dynamic-import" || !inside.has(from.slice(2)) ? { path: from, external: true } : undefined,
          );
          // What was redirected already is not on the disk yet.
          onLoad({ filter: /\.js$/ }, ({ path: file }) => ({ contents: texts.get(`chunks/${path.basename(file)}`), loader: "js" }));
        },
      },
    ],
  });
  return { text: textsLast(outputFiles[0].text), renamed };
}

/** Points a module's imports of joined chunks at the joint one. */
function redirect(file, text, target, renamed) {
  const wanted = importsOf(file, text).filter((found) => renamed.has(found.file));
  if (wanted.length === 0) return text;
  const names = wanted.flatMap(({ file: from, names: list }) =>
    list.map((entry) => {
      const [name, local = name] = entry.split(" as ");
      const alias = renamed.get(from).get(name);
      return alias === local ? local : `${alias} as ${local}`;
    }),
  );
  const from = path.posix.dirname(file) === "." ? `./${target}` : `./${path.posix.basename(target)}`;
  const statement = names.length === 0 ? `import "${from}";\n` : `import {\n  ${names.join(",\n  ")}\n} from "${from}";\n`;
  return wanted.reduce((rest, { statement: old }, i) => rest.replace(old, i === 0 ? statement : ""), text);
}

/** Chunks that modules load on demand. */
function lazyChunks(texts) {
  const names = Array.from(texts.values(), (text) =>
    Array.from(text.matchAll(/\bimport\("\.\/(?:chunks\/)?([^"]+)"\)/g), ([, name]) => name),
  );
  return new Set(names.flat().map((name) => `chunks/${name}`));
}

/** How an import names a file of dist/ as long as it may still move; and as it is where the importing file lies. */
export const DIST = "dist:";
const inPlace = (file, text) =>
  text.replaceAll(new RegExp(`(?<=import\\(")${DIST}([^"]+)`, "g"), (_, to) => `./${path.posix.relative(path.posix.dirname(file), to)}`);

/** Comments in ASCII, as esbuild writes code: a single other character makes an engine keep the whole module in two bytes a character. */
const asciiComments = (text) =>
  text.replace(/^[ \t]*(?:\/?\*|\/\/).*$/gm, (line) => line.replace(/\u2026/g, "...").replace(/[^\t -~]/g, "?"));

/**
 * The chunks that the first group's entry loads become one, then those that the next one's loads besides, and so on. What is loaded on demand
 * stays apart; it comes when its entry is there, and so may need that entry's chunks.
 * @param groups [name of the chunk, file of the entry]
 */
export async function mergeChunks(out, groups) {
  const files = (await readdir(out, { recursive: true }))
    .filter((file) => file.endsWith(".js"))
    .map((file) => file.split(path.sep).join("/"));
  const texts = new Map(await Promise.all(files.map(async (file) => [file, await readFile(path.join(out, file), "utf8")])));
  const kept = lazyChunks(texts);
  const merge = async (name, entry) => {
    // By length: by name, which is a hash, any change of any chunk would move gzip's sizes by some 50 bytes.
    const chunks = [...closure(texts, entry)]
      .filter((file) => file.startsWith("chunks/") && !kept.has(file))
      .sort((a, b) => texts.get(a).length - texts.get(b).length);
    const { text: joined, renamed } = await join(out, chunks, texts);
    // An entry's own long texts come first, where in a bundle the chunk of the group before ends with its own: 0.3 KiB of recurra.
    const own = [...texts.get(entry).matchAll(LONG_TEXT)];
    const text = own.map(([statement, local]) => `${statement}export { ${local} };\n`).join("") + joined;
    const target = `chunks/${name}-${createHash("sha256").update(text).digest("hex").slice(0, 8)}.js`;
    for (const chunk of chunks) texts.delete(chunk);
    for (const [file, old] of texts) texts.set(file, redirect(file, old, target, renamed));
    texts.set(target, text);
    const imports = own.map(([, local]) => `import { ${local} } from "./${target}";\n`).join("");
    texts.set(entry, imports + texts.get(entry).replace(LONG_TEXT, ""));
    kept.add(target);
  };
  for (const [name, entry] of groups) await merge(name, entry);
  await Promise.all(files.filter((file) => !texts.has(file)).map((file) => rm(path.join(out, file))));
  await Promise.all(Array.from(texts, ([file, text]) => writeFile(path.join(out, file), asciiComments(inPlace(file, text)))));
}
