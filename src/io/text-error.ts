/** Errors of texts, which name the file, the line and the column. */
import { type ErrorOptions, FormatError } from "../errors.js";

export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
}

export class TextFormatError extends FormatError implements Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  constructor({ file, line, column }: Place, message: string, options?: ErrorOptions) {
    super(`${file}, line ${line}, column ${column}: ${message}`, options);
    this.file = file;
    this.line = line;
    this.column = column;
  }
}

/** What a message shows of a text from a file. */
export const brief = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text);
export const quoted = (text: string): string => JSON.stringify(brief(text));
