// Events on their way to the server. They lie on disk until it has them; sent twice they are logged once, by their identifier.

import { postEvents, type Addresses, type WireEvent } from "./api";
import { NoSpace, writeAll, type Folder, type JournalFile } from "./disk";
import type { Retry } from "./retry";
import { Signal } from "./source";
import { troubleOf, type Trouble } from "./trouble";

const atOnce = 100;
/** Events that wait at most; beyond that the disk would fill with what a broken device says over and over. */
export const waitingAtMost = 20_000;

export class Outbox {
  private waiting: WireEvent[] = [];
  private readonly ids = new Set<string>();
  private readonly more = new Signal();
  private stopped = false;
  trouble: Trouble | null = null;
  /** Events that found no room. */
  dropped = 0;

  private constructor(
    private readonly file: JournalFile,
    private readonly at: Addresses,
    private readonly retry: Retry,
    private readonly changed: () => void,
  ) {}

  static async open(folder: Folder, attempt: string, at: Addresses, retry: Retry, changed: () => void): Promise<Outbox> {
    const box = new Outbox(await folder.open(`${attempt}.jsonl`), at, retry, changed);
    box.recover();
    return box;
  }

  private recover(): void {
    const bytes = new Uint8Array(this.file.size());
    const whole = bytes.subarray(0, this.file.read(bytes, 0)).lastIndexOf(10) + 1;
    this.file.truncate(whole);
    for (const line of new TextDecoder().decode(bytes.subarray(0, whole)).split("\n")) {
      try {
        if (line !== "") this.hold(JSON.parse(line) as WireEvent);
      } catch {
        // A line that a failing disk has garbled: the others still count.
      }
    }
  }

  private hold(event: WireEvent): boolean {
    if (this.ids.has(event.id)) return false;
    this.ids.add(event.id);
    this.waiting.push(event);
    return true;
  }

  get pending(): number {
    return this.waiting.length;
  }

  add(event: WireEvent): void {
    if (this.waiting.length >= waitingAtMost) {
      this.dropped++;
      return;
    }
    if (!this.hold(event)) return;
    try {
      writeAll(this.file, new TextEncoder().encode(JSON.stringify(event) + "\n"), this.file.size());
      this.file.flush();
    } catch (error) {
      if (!(error instanceof NoSpace)) throw error; // it is sent from memory all the same
    }
    this.more.fire();
    this.changed();
  }

  /** Sends, for ever. */
  async run(): Promise<void> {
    for (let failures = 0; !this.stopped; ) {
      if (this.waiting.length === 0) {
        await this.more.next();
        continue;
      }
      try {
        const batch = this.waiting.slice(0, atOnce);
        const done = new Set(await postEvents(this.at, batch));
        this.waiting = this.waiting.filter((event) => !done.has(event.id));
        failures = batch.some((event) => done.has(event.id)) ? 0 : failures + 1;
        this.trouble = failures > 0 ? "server" : null;
        if (this.waiting.length === 0) {
          this.file.truncate(0);
          this.file.flush();
        }
      } catch (error) {
        failures++;
        this.trouble = troubleOf(error);
      }
      this.changed();
      if (failures > 0) await this.retry.pause(failures);
    }
  }

  stop(): void {
    this.stopped = true;
    this.more.fire();
    this.retry.wake();
    this.file.close();
  }
}
