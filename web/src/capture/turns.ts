// Who may send next. Camera, screen and older takes share one uplink: whoever has waited longest since its last turn is next, so
// that a long older take cannot starve what is being recorded, nor the other way round.

export class Turns {
  private active = 0;
  private clock = 0;
  private readonly served = new Map<string, number>();
  private readonly waiting: { key: string; start: () => void }[] = [];

  /** atOnce: how many may send at a time; two keep the line busy while one waits for its answer. */
  constructor(private readonly atOnce = 2) {}

  /** Resolves when it is key's turn, with the function that gives the turn back. Calling that twice does no harm. */
  take(key: string): Promise<() => void> {
    return new Promise((resolve) => {
      this.waiting.push({ key, start: () => resolve(this.started(key)) });
      this.next();
    });
  }

  private started(key: string): () => void {
    this.served.set(key, ++this.clock);
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
      let best = 0;
      const last = (i: number) => this.served.get(this.waiting[i]!.key) ?? 0;
      for (let i = 1; i < this.waiting.length; i++) if (last(i) < last(best)) best = i;
      this.active++;
      this.waiting.splice(best, 1)[0]!.start();
    }
  }

  /** Forgets a sender that is done. */
  forget(key: string): void {
    this.served.delete(key);
  }
}
