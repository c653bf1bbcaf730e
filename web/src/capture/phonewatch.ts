// What the system of a phone does to a page that films: stops it without a word, and turns its picture.

import type { Recording } from "./recording";
import type { Stamp } from "./take";

export interface PhoneWatchHost {
  readonly recordings: readonly Recording[];
  stamp(): Stamp;
  note(kind: string, data: object): void;
  /** The page may never go on from here. */
  leaving(stamp: Stamp): void;
  /** It does go on. */
  back(): void;
}

/** Seconds between two ticks, which come every second, after which the page has stood still. */
const standsStill = 5;
/** How long a phone that is being turned takes to settle on a size, in milliseconds. */
const turnsWithin = 600;

export class PhoneWatch {
  /** The last tick; null where the page was frozen since, which has been dealt with. */
  private ticked: { stamp: Stamp; at: number } | null = null;
  private frozen: Stamp | null = null;
  private turning: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly host: PhoneWatchHost) {}

  start(signal: AbortSignal): void {
    document.addEventListener("freeze", () => this.freeze(), { signal });
    document.addEventListener("resume", () => this.resume(), { signal });
    const turned = () => {
      clearTimeout(this.turning);
      this.turning = setTimeout(() => this.turned(), turnsWithin);
    };
    const { orientation } = window.screen;
    if (orientation) orientation.addEventListener("change", turned, { signal });
    else window.addEventListener("orientationchange", turned, { signal });
  }

  /** To be called every second. Of a call or a locked screen most browsers say nothing: the time between two ticks does. */
  tick(): void {
    const before = this.ticked;
    this.ticked = { stamp: this.host.stamp(), at: performance.now() };
    if (before === null) return;
    const now = this.ticked;
    const stood = standstill(before.stamp, now.stamp);
    if (stood < standsStill * 1000) return;
    this.host.note("frozen", { for: stood });
    for (const recording of this.host.recordings) recording.freeze(before.stamp, now.at - before.at);
    this.thaw();
  }

  private freeze(): void {
    this.ticked = null;
    const stamp = this.host.stamp();
    this.host.leaving(stamp);
    this.frozen = stamp;
    for (const recording of this.host.recordings) recording.freeze(stamp);
  }

  private resume(): void {
    if (this.frozen) this.host.note("frozen", { for: standstill(this.frozen, this.host.stamp()) });
    this.frozen = null;
    this.thaw();
  }

  private thaw(): void {
    this.host.back();
    for (const recording of this.host.recordings) recording.thaw();
  }

  /** A recording whose picture turns in the middle lies on its side from there on: another one begins. */
  private turned(): void {
    const { orientation } = window.screen;
    this.host.note("orientation", { angle: orientation?.angle ?? window.orientation ?? 0, type: orientation?.type ?? null });
    for (const recording of this.host.recordings) if (recording.state.recording) recording.cut("resolution", "resolution");
  }
}

/** Milliseconds between two moments. A monotonic clock may stand still with the device; the calendar clock does not. */
function standstill(from: Stamp, to: Stamp): number {
  return Math.round(Math.max(to.monotonic - from.monotonic, to.wall - from.wall) / 1000);
}
