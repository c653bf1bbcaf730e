// Space that is kept for bad times. Browsers no longer say how much is left (Chromium 156 answers "10 GiB more" whatever the disk
// has), so the only sign is a write that fails. With a reserve that is given up bit by bit, it is a sign in good time.

import { NoSpace, writeAll, type Folder } from "./disk";

/** The reserve lies in so many files: on a full disk Chromium lets no file be opened any more, but it lets files be removed. */
const files = 8;
/** Given up only so that takes can end: one that cannot is never signed for, and its space never comes back. */
const forEnds = { name: "for-ends", size: 256 << 10 };

export class Reserve {
  private readonly names = new Set<string>();

  private constructor(
    private readonly folder: Folder,
    /** Bytes of each file. */
    private readonly each: number,
  ) {}

  /** What is there of an earlier run counts; size is what the reserve should grow to. */
  static async open(root: Folder, size: number): Promise<Reserve> {
    const reserve = new Reserve(await root.folder("reserve"), Math.floor(size / files));
    for (const name of await reserve.folder.list()) {
      if (await reserve.intact(name)) reserve.names.add(name);
      else await reserve.folder.remove(name);
    }
    return reserve;
  }

  /** Not so: half written when the browser crashed, of another size, or on a disk so full that it cannot be opened. */
  private async intact(name: string): Promise<boolean> {
    try {
      const file = await this.folder.open(name);
      const size = file.size();
      file.close();
      return size > 0 && size === this.sizeOf(name);
    } catch (error) {
      if (error instanceof NoSpace) return false;
      throw error;
    }
  }

  private sizeOf(name: string): number {
    return name === forEnds.name ? Math.min(forEnds.size, this.each) : this.each;
  }

  get size(): number {
    let sum = 0;
    for (const name of this.names) sum += this.sizeOf(name);
    return sum;
  }

  /** Whether all of it is there: more than that is free. */
  get whole(): boolean {
    return this.each === 0 || this.missing === null;
  }

  private get missing(): string | null {
    return [forEnds.name, ...Array.from({ length: files }, (_, n) => String(n))].find((name) => !this.names.has(name)) ?? null;
  }

  /** Gives some of it up; how much, 0 when there is nothing left to give. */
  async give(toEnd: boolean): Promise<number> {
    const name = [...this.names].find((name) => name !== forEnds.name) ?? (toEnd ? [...this.names][0] : undefined);
    if (name === undefined) return 0;
    this.names.delete(name);
    await this.folder.remove(name);
    return this.sizeOf(name);
  }

  /** Takes the next file's space, with real bytes: a file that is long on paper only reserves nothing. Gives whether there was any. */
  async grow(): Promise<boolean> {
    const name = this.missing;
    if (name === null) return true;
    try {
      const file = await this.folder.open(name);
      try {
        writeAll(file, new Uint8Array(this.sizeOf(name)), 0);
        file.flush();
      } finally {
        file.close();
      }
      this.names.add(name);
      return true;
    } catch (error) {
      await this.folder.remove(name).catch(() => undefined);
      if (error instanceof NoSpace) return false;
      throw error;
    }
  }
}
