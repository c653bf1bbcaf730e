// A take on this device's disk. Written before anything is sent, and read again to send: what the server gets is what lies here.

import { decodeRecords, encodeRecord, firstLink, nextLink, recordSize, sameBytes, type Bytes, type ChainRecord } from "./chain";
import { NoSpace, readJSON, readText, writeAll, writeText, type Folder, type JournalFile } from "./disk";
import type { About, End } from "./take";

/** Where a chunk lies in the media. */
export interface Chunk extends ChainRecord {
  offset: number;
}

/**
 * One take's files. Bytes count when they are in `media` on the disk and their record is in `chain` on the disk; only those are
 * ever read or sent. Calls of append and finish must not overlap.
 */
export class TakeJournal {
  private readonly records: Chunk[] = [];
  private lastLink: Bytes;
  private endMs = 0;
  /** Bytes of media that count. */
  bytes = 0;
  /** Whether the end is in the chain. */
  ended = false;
  end: End | null = null;
  /** The server's signed word that it has the whole take. */
  receipt: string | null = null;

  private constructor(
    readonly about: About,
    private readonly folder: Folder,
    private readonly media: JournalFile,
    private readonly chain: JournalFile,
    first: Bytes,
  ) {
    this.lastLink = first;
  }

  /** Chunks without the end. */
  get chunks(): readonly Chunk[] {
    return this.records;
  }

  get lastMs(): number {
    return this.records.at(-1)?.ms ?? 0;
  }

  /** How many records `chain` has, with the end. */
  get chainLength(): number {
    return this.records.length + (this.ended ? 1 : 0);
  }

  static async create(takes: Folder, about: About): Promise<TakeJournal> {
    const folder = await takes.folder(about.take);
    try {
      await writeText(folder, "about.json", JSON.stringify(about));
      return await TakeJournal.openFiles(folder, about);
    } catch (error) {
      // A folder that says nothing of itself would be found, and not understood, on the next start.
      await takes.remove(about.take).catch(() => undefined);
      throw error;
    }
  }

  /** Opens a take of an earlier run, and cuts off what a crash left half written. Null where nothing was recorded. */
  static async recover(takes: Folder, name: string): Promise<TakeJournal | null> {
    const folder = await takes.folder(name);
    const about = await readJSON<About>(folder, "about.json");
    if (about === null || about.take !== name) return null;
    const journal = await TakeJournal.openFiles(folder, about);
    try {
      await journal.cutBack();
      journal.end = await readJSON<End>(folder, "end.json");
      journal.receipt = journal.ended ? await readText(folder, "receipt") : null;
      return journal;
    } catch (error) {
      journal.close();
      throw error;
    }
  }

  private static async openFiles(folder: Folder, about: About): Promise<TakeJournal> {
    const media = await folder.open("media");
    try {
      return new TakeJournal(about, folder, media, await folder.open("chain"), await firstLink(about.take, about.kind, about.mime));
    } catch (error) {
      media.close();
      throw error;
    }
  }

  private async cutBack(): Promise<void> {
    const text = new Uint8Array(this.chain.size());
    const all = decodeRecords(text.subarray(0, this.chain.read(text, 0)));
    const available = this.media.size();
    let offset = 0;
    for (const record of all) {
      if (record.size === 0) {
        this.ended = true;
        this.lastLink = record.link;
        this.endMs = record.ms;
        break;
      }
      if (offset + record.size > available) break;
      this.records.push({ ...record, offset });
      offset += record.size;
    }
    // A power cut may leave the length of a file, and not its contents. Flushes order the rest: only the last chunk is in doubt.
    const last = this.records.at(-1);
    this.bytes = offset;
    if (last && !this.ended && !(await this.intact(this.records.length - 1))) {
      this.records.pop();
      this.bytes = last.offset;
    }
    if (!this.ended) this.lastLink = this.records.at(-1)?.link ?? this.lastLink;
    this.media.truncate(this.bytes);
    this.chain.truncate(this.chainLength * recordSize);
    this.media.flush();
    this.chain.flush();
  }

  /** Whether a chunk's bytes are still those that its record was made of. */
  async intact(n: number): Promise<boolean> {
    const chunk = this.records[n]!;
    const previous = n > 0 ? this.records[n - 1]!.link : await firstLink(this.about.take, this.about.kind, this.about.mime);
    return sameBytes(chunk.link, await nextLink(previous, this.read(chunk.offset, chunk.size), chunk.ms));
  }

  /** Adds a chunk. Throws NoSpace with the take as it was before. */
  async append(data: Bytes, ms: number): Promise<void> {
    if (data.length === 0) return; // size 0 means the end
    if (this.ended) throw new Error("the take has ended");
    ms = Math.max(Math.round(ms), this.lastMs);
    const link = await nextLink(this.lastLink, data, ms);
    const record: Chunk = { size: data.length, ms, link, offset: this.bytes };
    writeAll(this.media, data, this.bytes);
    try {
      this.media.flush();
      this.addRecord(record);
    } catch (error) {
      this.media.truncate(this.bytes);
      throw error;
    }
    this.records.push(record);
    this.lastLink = link;
    this.bytes += data.length;
  }

  private addRecord(record: ChainRecord): void {
    const at = this.chainLength * recordSize;
    writeAll(this.chain, encodeRecord(record), at);
    try {
      this.chain.flush();
    } catch (error) {
      this.chain.truncate(at);
      throw error;
    }
  }

  /** Says why the take ended, and closes its chain: nothing can be added then. */
  async finish(end: End, ms: number): Promise<void> {
    if (this.ended) return;
    if (this.end === null) {
      // Why a take ended can be left out for want of space; that it ended cannot.
      await writeText(this.folder, "end.json", JSON.stringify(end)).catch((error: unknown) => {
        if (!(error instanceof NoSpace)) throw error;
      });
      this.end = end;
    }
    ms = Math.max(Math.round(ms), this.lastMs);
    const link = await nextLink(this.lastLink, new Uint8Array(0), ms);
    this.addRecord({ size: 0, ms, link });
    this.lastLink = link;
    this.endMs = ms;
    this.ended = true;
  }

  /** The take's length in milliseconds, as far as it is recorded. */
  get length(): number {
    return this.ended ? this.endMs : this.lastMs;
  }

  async keepReceipt(note: string): Promise<void> {
    this.receipt = note;
    // Where it could not be kept for want of space, the next start asks the server for it again.
    await writeText(this.folder, "receipt", note).catch((error: unknown) => {
      if (!(error instanceof NoSpace)) throw error;
    });
  }

  /** Media from an offset on; shorter where less of it counts yet. */
  read(offset: number, length: number): Bytes {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.bytes - offset)));
    if (bytes.length > 0 && this.media.read(bytes, offset) < bytes.length) throw new Error("the journal is shorter than its chain says");
    return bytes;
  }

  /** The chain file's own bytes, records [from, to). */
  readChain(from: number, to: number): Bytes {
    const bytes = new Uint8Array(Math.max(0, Math.min(to, this.chainLength) - from) * recordSize);
    this.chain.read(bytes, from * recordSize);
    return bytes;
  }

  /** How many records speak only of the first stored bytes; the end counts when all of them are stored. */
  recordsWithin(stored: number): number {
    if (stored >= this.bytes) return this.chainLength;
    let low = 0;
    let high = this.records.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const chunk = this.records[middle]!;
      if (chunk.offset + chunk.size <= stored) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  close(): void {
    this.media.close();
    this.chain.close();
  }
}
