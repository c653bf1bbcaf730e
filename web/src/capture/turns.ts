// Who may send next. Camera, screen and older takes share one uplink. Each asks again after each piece, and whoever asked first is
// next: so they go round, and a long older take can neither starve what is being recorded nor be starved by it.

export class Turns {
  private active = 0;
  private readonly waiting: (() => void)[] = [];

  /** atOnce: how many may send at a time; two keep the line busy while one waits for its answer. */
  constructor(private readonly atOnce = 2) {}

  /** Resolves when it is the caller's turn, with the function that gives the turn back. Calling that twice does no harm. */
  take(): Promise<() => void> {
    return new Promise((resolve) => {
      this.waiting.push(() => resolve(this.turn()));
      this.next();
    });
  }

  private turn(): () => void {
    let over = false;
    return () => {
      if (over) return;
      over = true;
      this.active--;
      this.next();
    };
  }

  private next(): void {
    while (this.active < this.atOnce && this.waiting.length > 0) {
      this.active++;
      this.waiting.shift()!();
    }
  }
}
