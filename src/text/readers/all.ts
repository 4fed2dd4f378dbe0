/** All readers, to be loaded together. */
export { readLabelledTexts } from "./labelled.js";
export { readNumberSequences } from "./numbers.js";
export { readPairs } from "./pairs.js";
export { readPlainText } from "./plain.js";
export { readTaggedTokens } from "./tagged.js";
