// The server's clock, from this device. Answers that came quickly say most: the error of one is at most half its round trip.

import type { Stamp } from "./take";

export interface Probe {
  /** performance.now() in the middle of the round trip, in milliseconds. */
  at: number;
  /** The server's clock then, in milliseconds since 1970. */
  server: number;
  /** The round trip in milliseconds. */
  roundTrip: number;
}

export interface ClockState {
  /** Whether the server was reached at all. */
  known: boolean;
  /** The server's time is at most so many milliseconds off, as far as one can tell from here. */
  error: number;
  /** How fast the device's clock runs against the server's: 20e-6 is 20 µs a second too slow. */
  drift: number;
  probes: number;
}

const kept = 120;
/** No quartz is so bad; a slope beyond it is noise. */
const driftAtMost = 300e-6;

/** A clock jumped; milliseconds, positive is forward. */
export type Jump = { clock: "wall" | "server"; by: number };

export class ServerClock {
  private probes: Probe[] = [];
  private offset = 0;
  private drift = 0;
  private pivot = 0;
  private best = Infinity;
  private wallAhead: number | null = null;

  constructor(
    private readonly monotonic: () => number = () => performance.now(),
    private readonly wall: () => number = () => Date.now(),
    private readonly jumped: (jump: Jump) => void = () => undefined,
  ) {}

  /** Asks once. Fails as ask does. */
  async probe(ask: () => Promise<number>): Promise<void> {
    const began = this.monotonic();
    const server = (await ask()) / 1000;
    const ended = this.monotonic();
    this.add({ at: (began + ended) / 2, server, roundTrip: ended - began });
  }

  add(probe: Probe): void {
    if (this.probes.length > 0) {
      // After sleep, monotonic clocks of some systems have stood still: what was measured before says nothing any more.
      const off = probe.server - this.serverAt(probe.at);
      if (Math.abs(off) > (probe.roundTrip + this.best) / 2 + 50) {
        this.probes = [];
        this.jumped({ clock: "server", by: off });
      }
    }
    this.probes.push(probe);
    if (this.probes.length > kept) this.probes.shift();
    this.fit();
  }

  /** Offset by the quickest probes; slope through them, once they lie far enough apart for it to mean something. */
  private fit(): void {
    this.best = Math.min(...this.probes.map((p) => p.roundTrip));
    const good = this.probes.filter((p) => p.roundTrip <= 1.5 * this.best + 2);
    const mean = (of: (p: Probe) => number) => good.reduce((sum, p) => sum + of(p), 0) / good.length;
    this.pivot = mean((p) => p.at);
    this.offset = mean((p) => p.server - p.at);
    this.drift = 0;
    const span = Math.max(...good.map((p) => p.at)) - Math.min(...good.map((p) => p.at));
    if (good.length < 5 || span < 60_000) return;
    const squares = mean((p) => (p.at - this.pivot) ** 2);
    const slope = mean((p) => (p.at - this.pivot) * (p.server - p.at - this.offset)) / squares;
    if (Math.abs(slope) <= driftAtMost) this.drift = slope;
  }

  private serverAt(at: number): number {
    return at + this.offset + this.drift * (at - this.pivot);
  }

  /** The server's time now, in milliseconds since 1970; null while it is not known. */
  now(): number | null {
    return this.probes.length === 0 ? null : this.serverAt(this.monotonic());
  }

  /** This moment by all clocks. */
  stamp(): Stamp {
    const server = this.now();
    return { wall: Math.round(this.wall() * 1000), monotonic: Math.round(this.monotonic() * 1000), server: server === null ? null : Math.round(server * 1000) };
  }

  /** Tells when somebody set the device's clock. To be called about every second. */
  watchWall(): void {
    const ahead = this.wall() - this.monotonic();
    const before = this.wallAhead;
    this.wallAhead = ahead;
    if (before !== null && Math.abs(ahead - before) > 500) this.jumped({ clock: "wall", by: ahead - before });
  }

  get state(): ClockState {
    return { known: this.probes.length > 0, error: this.probes.length > 0 ? this.best / 2 : Infinity, drift: this.drift, probes: this.probes.length };
  }
}
