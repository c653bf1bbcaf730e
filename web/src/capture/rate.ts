// How fast the uplink is, measured by what was sent, while something was being sent.

export class RateMeter {
  private active = 0;
  private since = 0;
  private busy = 0; // ms in the current window
  private bytes = 0;
  /** Milliseconds for a bit, smoothed: a line that became narrow is known after two or three requests, one that became wide a little later. */
  private slowness = 0;

  constructor(private readonly now: () => number = () => performance.now()) {}

  begin(): void {
    if (this.active++ === 0) this.since = this.now();
  }

  /** bytes: what the server acknowledged of the request that ends; 0 for one that failed. */
  end(bytes: number): void {
    const now = this.now();
    this.busy += now - this.since;
    this.since = now;
    this.active--;
    this.bytes += bytes;
    // Short requests measure the round trip rather than the line: a window has a second of sending, or a quarter of a megabyte.
    if (this.busy < 1000 && this.bytes < 250_000) return;
    // Where nothing arrived, the line is cut; how wide it is, that does not say.
    if (this.bytes > 0) {
      const slowness = Math.max(this.busy, 1) / (this.bytes * 8);
      this.slowness = this.slowness === 0 ? slowness : this.slowness * 0.6 + slowness * 0.4;
    }
    this.busy = this.bytes = 0;
  }

  /** Bits per second; 0 while nothing is known. */
  get rate(): number {
    return this.slowness === 0 ? 0 : Math.round(1000 / this.slowness);
  }
}
