/** Readers of data: each takes a source, tells its format and gives the examples of a task. */
export { type Columns, parseColumns, type ReadOptions } from "./columns.js";
export { type LabelledTextOptions, readLabelledTexts } from "./labelled.js";
export { readNumberSequences } from "./numbers.js";
export { readPairs } from "./pairs.js";
export { readPlainText } from "./plain.js";
export { type Source, sourceOf } from "./source.js";
export { readTaggedTokens } from "./tagged.js";
