// The phone's orientation sensor. iOS gives it after a question that only a tap may ask; many tablets and all computers have none.

import { heading, type Heading } from "./heading";

type Asking = typeof DeviceOrientationEvent & { requestPermission?: () => Promise<"granted" | "denied"> };

/** A sensor that is there speaks within this, in milliseconds. */
const speaksWithin = 1500;

export class Sensor {
  /** What the last question was answered; null where none was needed or asked. */
  answer: "granted" | "denied" | null = null;
  private readonly listeners = new Set<(heading: Heading, ms: number) => void>();
  private spoken = false;
  private readonly hear = (event: DeviceOrientationEvent) => {
    const { alpha, beta, gamma } = event;
    if (alpha === null || beta === null || gamma === null) return; // how Chromium says that there is none
    this.spoken = true;
    const now = heading({ alpha, beta, gamma });
    for (const listener of this.listeners) listener(now, event.timeStamp);
  };

  /** To be called in a tap, before anything is waited for. */
  async allow(): Promise<void> {
    const ask = typeof DeviceOrientationEvent === "undefined" ? undefined : (DeviceOrientationEvent as Asking).requestPermission;
    if (!ask) return;
    this.answer = await ask.call(DeviceOrientationEvent).catch(() => "denied" as const);
  }

  /** Listens; gives the function that ends that. */
  listen(listener: (heading: Heading, ms: number) => void): () => void {
    if (this.listeners.size === 0) window.addEventListener("deviceorientation", this.hear);
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) window.removeEventListener("deviceorientation", this.hear);
    };
  }

  /** Whether there is one, as far as it has spoken. */
  async exists(): Promise<boolean> {
    if (this.spoken) return true;
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        stop();
        resolve(this.spoken);
      };
      const timer = setTimeout(done, speaksWithin);
      const stop = this.listen(done);
    });
  }
}
