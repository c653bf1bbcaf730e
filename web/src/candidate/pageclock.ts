// The server's time for everything that the page counts down to, whatever the device's own clock says.

import { ServerClock } from "../capture/clock";
import { api } from "./api";

/** Milliseconds until the next question: often at first, for a quick start. */
const wait = (probes: number) => (probes < 4 ? 1500 : 30_000);

export class PageClock {
  /** A device that slept comes back with a clock that stood still or was set: what it says is asked again at once. */
  private readonly clock: ServerClock = new ServerClock(undefined, undefined, () => void this.probe());
  private readonly listeners = new Set<() => void>();
  /** The server's time less performance.now(), in milliseconds, by what an answer said; behind by as long as that took. */
  private guess: number | null = null;
  private probing = false;
  private timer = 0;

  start(): void {
    void this.probe();
    for (const [target, type] of [[window, "online"], [window, "focus"], [document, "visibilitychange"]] as const) target.addEventListener(type, () => void this.probe());
    this.tick();
  }

  /** The server's time in microseconds since 1970; null while the server was never reached. */
  now(): number | null {
    const now = this.clock.now() ?? (this.guess === null ? null : performance.now() + this.guess);
    return now === null ? null : now * 1000;
  }

  /** An answer said what the time was: good enough until the first probe. age: of the answer, in milliseconds. */
  hint(serverTime: number, age = 0): void {
    this.guess ??= serverTime / 1000 + age - performance.now();
  }

  /** Calls back at the beginning of every second of the server's clock. */
  everySecond(listener: () => void): void {
    this.listeners.add(listener);
  }

  private tick(): void {
    this.clock.watchWall();
    for (const listener of this.listeners) listener();
    const now = this.clock.now() ?? performance.now();
    setTimeout(() => this.tick(), 1000 - (now % 1000) + 5);
  }

  private async probe(): Promise<void> {
    if (this.probing) return;
    this.probing = true;
    clearTimeout(this.timer);
    try {
      await this.clock.probe(() => api.clock());
    } catch {
      // The clock runs on by what it knows.
    } finally {
      this.probing = false;
      this.timer = window.setTimeout(() => void this.probe(), wait(this.clock.state.probes));
    }
  }
}
