/**
 * Everything recurra throws on purpose. One subclass per cause, each with a stable `code`;
 * messages read *where: what was found, what was wanted (context)*.
 */
const BRAND = "recurra.error";

export type ErrorCode = "shape" | "config" | "index" | "format" | "memory" | "state" | "numeric" | "storage";

export interface ErrorOptions {
  readonly cause?: unknown;
}

export class RecurraError extends Error {
  readonly brand = BRAND;
  readonly code: ErrorCode;
  constructor(code: ErrorCode, name: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = name;
    this.code = code;
  }
}

/** A tensor's rank, shape or dtype is not what the operation takes. */
export class ShapeError extends RecurraError {
  constructor(message: string, options?: ErrorOptions) {
    super("shape", "ShapeError", message, options);
  }
}

/** An option is unknown, has the wrong type or lies outside its range. */
export class ConfigError extends RecurraError {
  constructor(message: string, options?: ErrorOptions) {
    super("config", "ConfigError", message, options);
  }
}

/** An id, index, length or target lies outside what it indexes. */
export class IndexError extends RecurraError {
  constructor(message: string, options?: ErrorOptions) {
    super("index", "IndexError", message, options);
  }
}

/** A file or text does not follow its format. */
export class FormatError extends RecurraError {
  constructor(message: string, options?: ErrorOptions) {
    super("format", "FormatError", message, options);
  }
}

/** Linear memory cannot be had, or `maxMemory` is reached. */
export class MemoryError extends RecurraError {
  constructor(message: string, options?: ErrorOptions) {
    super("memory", "MemoryError", message, options);
  }
}

/** A call at the wrong time: used after its step, after dispose, a promise in a step, two engines mixed. */
export class StateError extends RecurraError {
  constructor(message: string, options?: ErrorOptions) {
    super("state", "StateError", message, options);
  }
}

/** A value that must be finite is not. */
export class NumericError extends RecurraError {
  constructor(message: string, options?: ErrorOptions) {
    super("numeric", "NumericError", message, options);
  }
}

/** Reading or writing a file failed. */
export class StorageError extends RecurraError {
  constructor(message: string, options?: ErrorOptions) {
    super("storage", "StorageError", message, options);
  }
}

/** True when `error` is recurra's own (read from a brand, so that two copies of the package agree). */
export function isRecurraError(error: unknown, code?: ErrorCode): error is RecurraError {
  if (typeof error !== "object" || error === null) return false;
  const candidate = error as { brand?: unknown; code?: unknown };
  return candidate.brand === BRAND && (code === undefined || candidate.code === code);
}
