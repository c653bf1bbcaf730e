// Space that is kept for bad times. Browsers no longer say how much is left (Chromium 156 answers "10 GiB more" whatever the disk
// has), so the only sign is a write that fails. With a reserve that is given up bit by bit, it is a sign in good time.

import type { Bytes } from "./chain";
import { NoSpace, writeAll, type Folder, type JournalFile } from "./disk";

const piece = 1 << 20;
/** What is given up at once: as much as camera and screen need for about a minute. */
const givenAtOnce = 8 * piece;
/** Given up only so that takes can end: one that cannot is never signed for, and its space never comes back. */
const forEnds = 256 << 10;
const name = "reserve";

export class Reserve {
  size = 0;

  private constructor(
    private readonly folder: Folder,
    private readonly wanted: number,
  ) {}

  static async open(folder: Folder, wanted: number): Promise<Reserve> {
    const reserve = new Reserve(folder, wanted);
    await reserve.with((file) => {
      if (file.size() > wanted) file.truncate(wanted);
    });
    return reserve;
  }

  /** Whether all of it is there: more than that is free. */
  get whole(): boolean {
    return this.size >= this.wanted;
  }

  /** Gives some of it up; how much, 0 when there is nothing left to give. */
  async give(toEnd: boolean): Promise<number> {
    const before = this.size;
    const left = Math.max(toEnd ? 0 : Math.min(before, forEnds), before - givenAtOnce);
    await this.with((file) => {
      file.truncate(left);
      file.flush();
    });
    return before - this.size;
  }

  /** Takes up to so many pieces, with real bytes: a file that is long on paper only reserves nothing. Gives whether there was space. */
  async grow(pieces: number): Promise<boolean> {
    try {
      await this.with((file) => {
        for (let n = 0; n < pieces && file.size() < this.wanted; n++) writeAll(file, new Uint8Array(Math.min(piece, this.wanted - file.size())) as Bytes, file.size());
      });
      return true;
    } catch (error) {
      if (error instanceof NoSpace) return false;
      throw error;
    }
  }

  /** Opens the file for a moment only: Chromium takes back what a file has given up when nobody has it open. */
  private async with(work: (file: JournalFile) => void): Promise<void> {
    const file = await this.folder.open(name);
    try {
      work(file);
    } finally {
      this.size = file.size();
      file.close();
    }
  }
}
