import { defineConfig } from "vitest/config";

/** In CI the results are also written where .ci/run counts them. */
const reporters = process.env.CI ? ["default", ["json", { outputFile: "build/test-results.json" }] as ["json", object]] : ["default"];

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Processes, not threads: a test may end, change or measure its process, and linear memory goes back with it.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters,
  },
});
