// The worker's entry.

import { InUse } from "./disk";
import { Engine } from "./engine";
import { openRoot } from "./opfs";
import type { FromWorker, ToWorker } from "./protocol";

const say = (message: FromWorker) => (self as unknown as Worker).postMessage(message);
let engine: Promise<Engine> | null = null;

function failed(error: unknown): void {
  say(error instanceof InUse ? { type: "in-use" } : { type: "failed", message: String(error) });
}

self.onmessage = ({ data: order }: MessageEvent<ToWorker>) => {
  if (order.type === "open") {
    engine = openRoot(order.place ?? "trivue").then((root) => Engine.open(root, order, say));
    engine.then(() => say({ type: "opened" }), failed);
    return;
  }
  // What comes before the engine is open waits for it, and keeps its order.
  engine?.then((e) => e.handle(order)).catch(failed);
};

// Timers of a worker go on at their pace in a hidden tab; the page's do not.
let ticking = false;
setInterval(() => {
  if (ticking || !engine) return;
  ticking = true;
  void engine
    .then((e) => e.tick())
    .catch(failed)
    .finally(() => (ticking = false));
}, 1000);
