/** SIGINT and SIGTERM while a model trains: the first lets the running step end and what was learned be saved, the second ends at once. */
const CODES = { SIGINT: 130, SIGTERM: 143 } as const;

export interface Signals {
  readonly signal: AbortSignal;
  /** 128 and the number of the signal that came, as shells have it; 0 when none did. */
  readonly exitCode: number;
  /** Leaves signals to the system again. */
  close(): void;
}

export function watchSignals(say: (text: string) => void): Signals {
  const controller = new AbortController();
  let exitCode = 0;
  const hear = (name: NodeJS.Signals) => {
    const code = CODES[name as keyof typeof CODES];
    if (exitCode !== 0) process.exit(code);
    exitCode = code;
    say(`${name}: ends after this step and saves; once more to end at once`);
    controller.abort();
  };
  for (const name of Object.keys(CODES)) process.on(name, hear);
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    close: () => {
      for (const name of Object.keys(CODES)) process.off(name, hear);
    },
  };
}
