/**
 * The benchmark in a page: the rows of bench/rows.ts, each of our systems a worker. Address: `?only=M256,T1&systems=…&seconds=1.5&start`; with
 * `start` it runs at once. What was found is left in `globalThis.benchReport` (or `benchError`), where bench/web/serve.mjs --run reads it.
 */
import { table } from "../print.js";
import type { Answer, Remote, Request } from "../protocol.js";
import { findingsOf, measureRows, type Report } from "../report.js";
import { describeSystem, type Started } from "../rounds.js";
import { ROWS } from "../rows.js";
import { CEILING } from "../systems/ceiling.js";
import { OWN, type OwnSystem } from "../systems/own.js";

interface Outcome {
  benchReport?: Report;
  benchText?: string;
  benchError?: string;
}

function startWorker(system: string): Remote {
  const worker = new Worker(`/worker.js?system=${system}`, { type: "module" });
  const waiting: { resolve(answer: Answer): void; reject(error: Error): void }[] = [];
  let ready!: () => void;
  const started = new Promise<void>((resolve) => {
    ready = resolve;
  });
  worker.onmessage = ({ data }: MessageEvent<{ ready?: true; reply?: Answer; error?: string }>) => {
    if (data.ready) return ready();
    const { resolve, reject } = waiting.shift()!;
    return data.error === undefined ? resolve(data.reply!) : reject(new Error(data.error));
  };
  worker.onerror = ({ message }) => {
    ready();
    waiting.shift()?.reject(new Error(message || "the worker did not start"));
  };
  return {
    call: (request: Request) =>
      new Promise<never>((resolve, reject) => {
        waiting.push({ resolve: resolve as unknown as (answer: Answer) => void, reject });
        void started.then(() => worker.postMessage(request));
      }),
    close: () => worker.terminate(),
  };
}

async function start({ id, title }: OwnSystem): Promise<Started> {
  return describeSystem({ id, title, peer: false }, startWorker(id));
}

async function run(parameters: URLSearchParams, say: (line: string) => void): Promise<Report> {
  const chosen = (name: string) =>
    parameters
      .get(name)
      ?.split(",")
      .filter((item) => item !== "");
  const [only, ids] = [chosen("only") ?? [], chosen("systems") ?? []];
  const rows = ROWS.filter(({ id }) => only.length === 0 || only.includes(id));
  const systems: Started[] = [];
  for (const system of OWN.filter(({ id }) => ids.length === 0 || ids.includes(id))) systems.push(await start(system));
  const ceiling = await start({ id: CEILING, title: "" });
  if (ceiling.running === null) throw new Error(`the ceiling loop did not start: ${ceiling.why}`);
  const effort = { ms: 1000 * Number(parameters.get("seconds") ?? 1.5), warmMs: 300 };
  const results = await measureRows(rows, ceiling.running, systems, effort, say);
  return {
    machine: { cores: navigator.hardwareConcurrency, isolated: String(globalThis.crossOriginIsolated) },
    runtime: navigator.userAgent,
    commit: "",
    date: new Date().toISOString().slice(0, 10),
    ...findingsOf(results, systems),
  };
}

const form = document.querySelector("form")!;
const [log, result] = [document.querySelector("#log")!, document.querySelector("#result")!];
const outcome = globalThis as Outcome;

async function go(parameters: URLSearchParams): Promise<void> {
  const say = (line: string) => {
    log.textContent += `${line}\n`;
  };
  try {
    const report = await run(parameters, say);
    outcome.benchText = table(report);
    outcome.benchReport = report;
    result.textContent = outcome.benchText;
  } catch (error) {
    outcome.benchError = String(error);
    say(outcome.benchError);
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  log.textContent = result.textContent = "";
  void go(new URLSearchParams(new FormData(form) as unknown as Record<string, string>));
});
const parameters = new URLSearchParams(globalThis.location.search);
for (const [name, value] of parameters) {
  const input = form.elements.namedItem(name);
  if (input instanceof HTMLInputElement) input.value = value;
}
if (parameters.has("start")) void go(parameters);
