// How fast the uplink is, measured by what was sent, while something was being sent.

export class RateMeter {
  private active = 0;
  private since = 0;
  private busy = 0; // ms in the current window
  private bytes = 0;
  private smoothed = 0;

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
    const rate = (this.bytes * 8000) / Math.max(this.busy, 1);
    this.smoothed = this.smoothed === 0 ? rate : this.smoothed * 0.6 + rate * 0.4;
    this.busy = this.bytes = 0;
  }

  /** Bits per second; 0 while nothing is known. */
  get rate(): number {
    return Math.round(this.smoothed);
  }
}
