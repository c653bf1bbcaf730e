// The one clock that all views follow. It runs on the computer's monotonic clock, not on any video's.

export class Clock {
  private at = 0; // interview time when `since` was
  private since = 0; // milliseconds
  private running = false;
  private factor = 1;

  constructor(
    private readonly begin: number,
    private readonly end: number,
    private readonly monotonic: () => number = () => performance.now(),
  ) {
    this.at = begin;
  }

  get playing(): boolean {
    return this.running;
  }

  get speed(): number {
    return this.factor;
  }

  now(): number {
    if (!this.running) return this.at;
    return Math.min(this.end, this.at + ((this.monotonic() - this.since) / 1000) * this.factor);
  }

  start(): void {
    if (this.running) return;
    this.since = this.monotonic();
    this.running = true;
  }

  stop(): void {
    this.at = this.now();
    this.running = false;
  }

  set(interview: number): void {
    this.at = Math.min(this.end, Math.max(this.begin, interview));
    this.since = this.monotonic();
  }

  setSpeed(factor: number): void {
    this.at = this.now();
    this.since = this.monotonic();
    this.factor = factor;
  }
}
