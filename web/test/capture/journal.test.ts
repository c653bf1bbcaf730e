import { describe, expect, it } from "vitest";
import { firstLink, nextLink, recordSize, sameBytes, type Bytes } from "../../src/capture/chain";
import { NoSpace } from "../../src/capture/disk";
import { TakeJournal } from "../../src/capture/journal";
import type { About, End } from "../../src/capture/take";
import { MemoryFolder } from "./memorydisk";

const stamp = { wall: 1, monotonic: 2, server: null };
const about: About = { version: 1, take: "00".repeat(16), attempt: "a", kind: "camera", mime: "video/webm", label: "", settings: {}, run: "r", began: { ...stamp, reason: "start" } };
const end: End = { ...stamp, reason: "finished" };
const sizes = [7, 1, 30, 64, 3];
const chunk = (n: number): Bytes => Uint8Array.from({ length: sizes[n]! }, (_, i) => (n * 40 + i) & 255);

async function written(takes = new MemoryFolder(), finish = false) {
  const journal = await TakeJournal.create(takes, about);
  for (let n = 0; n < sizes.length; n++) await journal.append(chunk(n), 2000 * (n + 1));
  if (finish) await journal.finish(end, 10_500);
  return { takes, journal };
}

/** Everything that a journal promises of itself. */
async function expectWhole(journal: TakeJournal) {
  let link = await firstLink(about.take, about.kind, about.mime);
  let offset = 0;
  for (const [n, record] of journal.chunks.entries()) {
    expect(record.offset).toBe(offset);
    expect(sameBytes(journal.read(offset, record.size), chunk(n))).toBe(true);
    link = await nextLink(link, chunk(n), record.ms);
    expect(sameBytes(link, record.link)).toBe(true);
    offset += record.size;
  }
  expect(journal.bytes).toBe(offset);
}

describe("a take's journal", () => {
  it("is recovered to its last whole chunk, wherever either file was cut, and goes on from there", async () => {
    const full = (await written()).takes.folders.get(about.take)!;
    const lengths = { media: full.files.get("media")!.bytes.length, chain: full.files.get("chain")!.bytes.length };
    for (const name of ["media", "chain"] as const) {
      for (let length = 0; length <= lengths[name]; length++) {
        const { takes } = await written();
        takes.powerCut();
        takes.folders.get(about.take)!.files.get(name)!.truncate(length);
        const journal = (await TakeJournal.recover(takes, about.take))!;
        let whole = 0;
        for (let sum = 0; whole < sizes.length; whole++) {
          sum += name === "media" ? sizes[whole]! : recordSize;
          if (sum > length) break;
        }
        expect(journal.chunks.length, `${name} cut at ${length}`).toBe(whole);
        await expectWhole(journal);
        for (let n = whole; n < sizes.length; n++) await journal.append(chunk(n), 2000 * (n + 1));
        await journal.finish(end, 10_500);
        await expectWhole(journal);
        expect(sameBytes(journal.readChain(0, 99), (await written(undefined, true)).journal.readChain(0, 99))).toBe(true);
      }
    }
  });

  it("loses nothing that append has answered for, when the machine loses power", async () => {
    const { takes } = await written();
    takes.powerCut();
    const journal = (await TakeJournal.recover(takes, about.take))!;
    expect(journal.chunks.length).toBe(sizes.length);
    await expectWhole(journal);
  });

  it("leaves out a last chunk whose bytes are not what was written", async () => {
    const { takes } = await written();
    takes.powerCut();
    takes.folders.get(about.take)!.files.get("media")!.bytes.fill(0, 102);
    expect((await TakeJournal.recover(takes, about.take))!.chunks.length).toBe(sizes.length - 1);
  });

  it.each(["throw", "short"] as const)("keeps what it has when the disk is full (%s), and goes on when there is space", async (onFull) => {
    for (let room = 0; room < sizes[0]! + recordSize; room++) {
      const takes = new MemoryFolder();
      const journal = await TakeJournal.create(takes, about);
      await journal.append(chunk(0), 1);
      takes.capacity = takes.used() + room;
      takes.onFull = onFull;
      await expect(journal.append(chunk(2), 2)).rejects.toBeInstanceOf(NoSpace);
      expect(journal.bytes).toBe(sizes[0]);
      expect(takes.folders.get(about.take)!.files.get("media")!.bytes.length, "nothing of it is left").toBe(sizes[0]);
      takes.capacity = Infinity;
      await journal.append(chunk(1), 3);
      await expectWhole(journal);
      journal.close();
      const again = (await TakeJournal.recover(takes, about.take))!;
      expect(again.chunks.length).toBe(2);
      await expectWhole(again);
    }
  });

  it("knows which records speak of stored bytes only", async () => {
    const { journal } = await written(undefined, true);
    const at = (stored: number) => journal.recordsWithin(stored);
    expect([0, 6, 7, 8, 37, 38, 104].map(at)).toEqual([0, 0, 1, 2, 2, 3, 4]);
    expect(at(105)).toBe(sizes.length + 1);
  });

  it("takes no more after the end, and keeps end and receipt", async () => {
    const { takes, journal } = await written(undefined, true);
    await expect(journal.append(chunk(0), 1)).rejects.toThrow();
    await journal.keepReceipt("signed");
    journal.close();
    const again = (await TakeJournal.recover(takes, about.take))!;
    expect([again.ended, again.end, again.receipt, again.length]).toEqual([true, end, "signed", 10_500]);
  });

  it("has one writer", async () => {
    const { takes } = await written();
    await expect(TakeJournal.recover(takes, about.take)).rejects.toThrow();
  });

  it("ignores a folder that a crash left without a beginning", async () => {
    const takes = new MemoryFolder();
    await takes.folder("x");
    expect(await TakeJournal.recover(takes, "x")).toBeNull();
  });
});
