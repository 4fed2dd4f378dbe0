/** Lets the event loop run during training: a page stays smooth, signals and timers get their turn. */

type Hosts = { setImmediate?: (callback: () => void) => unknown };

/** One turn of the event loop. Nested timers would clamp to 4 ms, so setImmediate or a MessageChannel is taken where there is one. */
export function nextTurn(): Promise<void> {
  const { setImmediate } = globalThis as Hosts;
  return new Promise((resolve) => {
    if (setImmediate !== undefined) setImmediate(resolve);
    else if (typeof MessageChannel === "function") {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(null);
    } else setTimeout(resolve, 0);
  });
}
