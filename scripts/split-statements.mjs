/**
 * An esbuild plugin that makes every declaration at the top of a module a module of its own. Code splitting moves whole modules into chunks, so
 * that an entry would load all that stands beside what it needs, such as gradients where models are only run.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import ts from "typescript";

const namesIn = (pattern) =>
  ts.isIdentifier(pattern) ? [pattern.text] : pattern.elements.flatMap((element) => (element.name ? namesIn(element.name) : []));

/** The names that a declaration introduces; undefined where it is none, or of a variable that others may set. */
function namesOf(statement) {
  if (ts.isVariableStatement(statement)) {
    const { flags, declarations } = statement.declarationList;
    return flags & ts.NodeFlags.Const ? declarations.flatMap(({ name }) => namesIn(name)) : undefined;
  }
  return (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) && statement.name ? [statement.name.text] : undefined;
}

const isType = (statement) =>
  ts.isInterfaceDeclaration(statement) ||
  ts.isTypeAliasDeclaration(statement) ||
  statement.isTypeOnly ||
  statement.importClause?.isTypeOnly;
const isExported = (statement) => statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false;

/** Every identifier in them, properties' names too: an import more is dropped, one less would not be. */
function identifiersOf(nodes) {
  const found = new Set();
  const visit = (node) => {
    if (ts.isIdentifier(node)) found.add(node.text);
    ts.forEachChild(node, visit);
  };
  nodes.forEach(visit);
  return found;
}

/** What an import or export in braces names, where it comes from and here; undefined for one of all names. */
const namedOf = (clause) =>
  clause && (ts.isNamedImports(clause) || ts.isNamedExports(clause))
    ? clause.elements
        .filter(({ isTypeOnly }) => !isTypeOnly)
        .map(({ propertyName, name }) => ({ from: (propertyName ?? name).text, to: name.text }))
    : undefined;

/** A module's imports, exports and declarations, these by name; `whole` where something else stands at its top, and it must stay so. */
function readModule(file, text) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  const module = { file, source, parts: new Map(), imports: [], exports: [], whole: false };
  for (const statement of source.statements) {
    if (isType(statement)) continue;
    if (ts.isImportDeclaration(statement) && statement.importClause) module.imports.push(statement);
    else if (ts.isExportDeclaration(statement) && statement.moduleSpecifier) module.exports.push(statement);
    else {
      const names = namesOf(statement);
      if (names === undefined) return { ...module, whole: true };
      // A function's overloads are statements of one name.
      const part = module.parts.get(names[0]) ?? { names, exported: isExported(statement), statements: [] };
      part.statements.push(statement);
      for (const name of names) module.parts.set(name, part);
    }
  }
  return module;
}

/** The module that a declaration is. */
const moduleOf = (file, { names }) => `${file}?${names[0]}`;
const line = (word, names, from) => `${word} { ${names} } from ${JSON.stringify(from)};`;

class Modules {
  #modules = new Map();
  #resolve;

  /** @param resolve file of what a file names, as esbuild finds it */
  constructor(resolve) {
    this.#resolve = resolve;
  }

  async at(file) {
    if (!this.#modules.has(file)) this.#modules.set(file, readModule(file, await readFile(file, "utf8")));
    return this.#modules.get(file);
  }

  /** Where a name that a module exports is declared; undefined where it is not found. */
  async #find(file, name) {
    const module = file.endsWith(".ts") ? await this.at(file) : { whole: true };
    if (module.whole) return { file, name };
    const part = module.parts.get(name);
    if (part) return { file: moduleOf(file, part), name };
    for (const statement of module.exports) {
      const named = namedOf(statement.exportClause);
      const from = named ? named.find(({ to }) => to === name)?.from : name;
      if (from === undefined || (statement.exportClause && !named)) continue;
      const found = await this.#find(await this.#resolve(file, statement.moduleSpecifier.text), from);
      if (found) return found;
    }
    return undefined;
  }

  /** An import or export of names from the modules of their declarations, a line each. */
  async #lines(word, file, { moduleSpecifier: { text } }, names) {
    if (names.length === 0) return [];
    const target = await this.#resolve(file, text);
    return Promise.all(
      names.map(async ({ from, to }) => {
        const found = (await this.#find(target, from)) ?? { file: target, name: from };
        return line(word, `${found.name} as ${to}`, found.file);
      }),
    );
  }

  /** What stands for a module where all of it is wanted. */
  async facade({ file, source, parts, exports }) {
    const lines = exports.map((statement) => {
      const named = namedOf(statement.exportClause);
      return named ? this.#lines("export", file, statement, named) : [statement.getText(source)];
    });
    const own = [...new Set(parts.values())]
      .filter(({ exported }) => exported)
      .map((part) => line("export", part.names.join(", "), moduleOf(file, part)));
    return [...(await Promise.all(lines)).flat(), ...own].join("\n");
  }

  /** A declaration with what it uses. */
  async part({ file, source, parts, imports }, key) {
    const { names, exported, statements } = parts.get(key);
    const used = identifiersOf(statements);
    const lines = imports.flatMap((statement) => {
      const { name, namedBindings } = statement.importClause;
      const { text } = statement.moduleSpecifier;
      const named = namedOf(namedBindings)?.filter(({ to }) => used.has(to)) ?? [];
      const all =
        namedBindings && ts.isNamespaceImport(namedBindings) && used.has(namedBindings.name.text) ? [namedBindings.getText(source)] : [];
      const clauses = name && used.has(name.text) ? [name.text, ...all] : all;
      return [this.#lines("import", file, statement, named), ...clauses.map((clause) => `import ${clause} from ${JSON.stringify(text)};`)];
    });
    const others = [...parts]
      .filter(([name]) => used.has(name) && !names.includes(name))
      .map(([name, part]) => line("import", name, moduleOf(file, part)));
    const text = statements.map((statement) => statement.getFullText(source));
    return [...(await Promise.all(lines)).flat(), ...others, ...text, exported ? "" : `export { ${names.join(", ")} };`].join("\n");
  }
}

export const splitStatements = {
  name: "split-statements",
  setup({ onResolve, onLoad, resolve }) {
    const modules = new Modules(async (importer, text) => {
      const { path: file, errors } = await resolve(text, { importer, resolveDir: path.dirname(importer), kind: "import-statement" });
      if (errors.length > 0) throw new Error(`${importer}: ${errors[0].text}`);
      return file;
    });
    onResolve({ filter: /\.ts\?[\w$]+$/ }, ({ path: from }) => {
      const [file, key] = from.split("?");
      return { path: file, suffix: `?${key}`, sideEffects: false };
    });
    onLoad({ filter: /\.ts$/ }, async ({ path: file, suffix }) => {
      const module = await modules.at(file);
      if (module.whole) return undefined;
      return { contents: await (suffix === "" ? modules.facade(module) : modules.part(module, suffix.slice(1))), loader: "ts" };
    });
  },
};
