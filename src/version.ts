/** The package's version, written into model files; test/package.test.ts holds it against package.json. */
export const VERSION = "0.1.0";
