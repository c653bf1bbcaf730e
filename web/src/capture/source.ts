// What tus-js-client reads: the journal at any offset, as long as it grows.

import type { TakeJournal } from "./journal";

/** The server has more of a take than this disk: what was journaled is not what was sent. */
export class Ahead extends Error {}

/** Something to wait for again and again. */
export class Signal {
  private waiting: (() => void)[] = [];
  next(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }
  fire(): void {
    const woken = this.waiting;
    this.waiting = [];
    for (const wake of woken) wake();
  }
}

export class JournalSource {
  /** Not known before the take ends: the length is deferred. */
  readonly size = null as unknown as number;
  private closed = false;

  constructor(
    private readonly journal: TakeJournal,
    private readonly grown: Signal,
    /** Waits until something may be sent. */
    private readonly turn: () => Promise<void>,
  ) {}

  async slice(start: number, end: number): Promise<{ value: Blob; done: boolean }> {
    while (!this.closed && !this.journal.ended && this.journal.bytes <= start) await this.grown.next();
    if (!this.closed && start > this.journal.bytes) throw new Ahead(`the server has ${start} bytes, the journal ${this.journal.bytes}`);
    if (!this.closed) await this.turn();
    // An upload that was given up must not send beside the one that took its place.
    if (this.closed) throw new Error("closed");
    const bytes = this.journal.read(start, end - start);
    return { value: new Blob([bytes]), done: this.journal.ended && start + bytes.length >= this.journal.bytes };
  }

  close(): void {
    this.closed = true;
    this.grown.fire();
  }
}
