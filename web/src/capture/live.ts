// A take as the worker holds it: journal, sender, and what is still on its way to the disk.

import type { Bytes } from "./chain";
import { NoSpace } from "./disk";
import type { TakeJournal } from "./journal";
import type { TakeState } from "./protocol";
import type { TakeSender } from "./sender";
import type { End } from "./take";

export type Write = { data: Blob; ms: number } | { end: End; ms: number };

export class Take {
  recorded = 0;
  /** Bytes that the disk had no room for yet. */
  held = 0;
  damaged = 0;
  sender: TakeSender | null = null;
  /** Whether it is, or was, on its way to the server. */
  sending = false;
  private readonly writes: Write[] = [];
  private writing: Promise<void> | null = null;

  constructor(
    readonly journal: TakeJournal,
    public live: boolean,
    /** Makes room when there is none; false when that cannot be done. */
    private readonly makeRoom: (toEnd: boolean) => Promise<boolean>,
    private readonly changed: () => void,
    private readonly failed: (error: unknown) => void,
  ) {
    this.recorded = journal.bytes;
  }

  add(write: Write): void {
    if ("data" in write) {
      if (write.data.size === 0) return;
      this.recorded += write.data.size;
    }
    this.writes.push(write);
    this.flush();
  }

  /** Writes what waits; to be called again when there may be space. */
  flush(): void {
    this.writing ??= this.writeAll().catch(this.failed).finally(() => (this.writing = null));
  }

  private async writeAll(): Promise<void> {
    try {
      for (let next = this.writes[0]; next; next = this.writes[0]) {
        if (!(await this.write(next))) break;
        this.writes.shift();
        this.sender?.grown();
        this.changed();
      }
    } finally {
      const held = this.writes.reduce((sum, write) => sum + ("data" in write ? write.data.size : 0), 0);
      // The end alone, which found no room for its 40 bytes, is waited for as well.
      this.held = this.writes.length > 0 ? Math.max(held, 1) : 0;
      if (this.writes.length === 0 && this.journal.ended) this.live = false;
      this.changed();
    }
  }

  private async write(write: Write): Promise<boolean> {
    const data: Bytes | null = "data" in write ? new Uint8Array(await write.data.arrayBuffer()) : null;
    for (;;) {
      try {
        if (data) await this.journal.append(data, write.ms);
        else if ("end" in write) await this.journal.finish(write.end, write.ms);
        return true;
      } catch (error) {
        if (!(error instanceof NoSpace)) throw error;
        if (!(await this.makeRoom(data === null))) return false;
      }
    }
  }

  get state(): TakeState {
    const { journal, sender } = this;
    const { about } = journal;
    const receipt = journal.receipt !== null;
    const known = sender ? Math.min(sender.verified, journal.chunks.length) : 0;
    const last = known > 0 ? journal.chunks[known - 1]! : null;
    return {
      take: about.take, attempt: about.attempt, kind: about.kind, mime: about.mime, label: about.label, began: about.began, run: about.run, ended: journal.end, length: journal.length,
      live: this.live, recorded: this.recorded, journaled: journal.bytes, chunks: journal.chunks.length, receipt, damaged: this.damaged, trouble: receipt ? null : (sender?.trouble ?? null),
      sent: receipt ? journal.bytes : (sender?.sent ?? 0),
      stored: receipt ? journal.bytes : (sender?.stored ?? 0),
      verified: receipt ? journal.bytes : Math.min(last ? last.offset + last.size : 0, sender?.stored ?? 0),
    };
  }
}
