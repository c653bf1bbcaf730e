import { describe, expect, it, vi } from "vitest";
import { Limiter } from "../../src/capture/limiter";
import { TakeJournal } from "../../src/capture/journal";
import { Outbox, waitingAtMost } from "../../src/capture/outbox";
import type { TakeState } from "../../src/capture/protocol";
import { copyTake } from "../../src/capture/resend";
import { Retry } from "../../src/capture/retry";
import { receiptFits } from "../../src/capture/sender";
import { lostIntervals, mayClose, worst } from "../../src/capture/state";
import { toHex } from "../../src/capture/chain";
import type { Ended, Kind } from "../../src/capture/take";
import { MemoryFolder } from "./memorydisk";

const at = (seconds: number) => ({ wall: 5e15, monotonic: 0, server: seconds * 1e6 });
const take = (kind: Kind, from: number, to: number | null, reason: Ended = "finished", more: Partial<TakeState> = {}) =>
  ({ take: `${kind}${from}`, attempt: "a", kind, began: { ...at(from), reason: "start" }, ended: to === null ? null : { ...at(to), reason }, live: to === null, length: 0, receipt: false, ...more }) as TakeState;

describe("what was lost", () => {
  it("is what lies between takes, with the cause that ended the earlier one", () => {
    const takes = [take("camera", 20, 30), take("camera", 0, 10, "device-lost"), take("screen", 0, 12.01, "rate"), take("screen", 12, 30)];
    expect(lostIntervals(takes, {}, {})).toEqual([{ kind: "camera", from: 10e6, to: 20e6, cause: "device-lost" }]);
  });
  it("is nothing after a recording that somebody ended, and nothing where takes overlap", () => {
    expect(lostIntervals([take("camera", 0, 10), take("camera", 50, 60)], { camera: true }, { camera: true })).toEqual([]);
    expect(lostIntervals([take("camera", 0, 30, "rate"), take("camera", 5, 10, "rate"), take("camera", 29, 40)], {}, {})).toEqual([]);
  });
  it("goes on while recording is wanted and there is none", () => {
    const takes = [take("screen", 0, 10, "share-stopped")];
    expect(lostIntervals(takes, { screen: true }, { screen: false })).toEqual([{ kind: "screen", from: 10e6, to: null, cause: "share-stopped" }]);
    expect(lostIntervals(takes, { screen: false }, { screen: false })).toEqual([]);
    expect(lostIntervals([...takes, take("screen", 20, null)], { screen: true }, { screen: false })).toHaveLength(1);
  });
});

describe("closing the page", () => {
  const done = () => ({
    tab: "here" as const, recovering: false, failure: null, events: { pending: 0, dropped: 0 }, space: { reserve: 0, low: false, full: false, held: 0, removed: 0 },
    recordings: { camera: { wanted: false, recording: false }, screen: { wanted: false, recording: false } }, takes: [take("camera", 0, 10, "finished", { receipt: true })],
  });
  it("is safe only when nothing is on its way and the server has signed for everything", () => {
    expect(mayClose(done(), "a", 0)).toBe(true);
    expect(mayClose(done(), "a", 1)).toBe(false);
    for (const change of [
      { tab: "elsewhere" as const }, { recovering: true }, { failure: "disk" }, { events: { pending: 1, dropped: 0 } }, { space: { ...done().space, held: 1 } },
      { recordings: { ...done().recordings, screen: { wanted: true, recording: false } } }, { takes: [take("camera", 0, 10)] },
    ]) expect(mayClose({ ...done(), ...change }, "a", 0), JSON.stringify(change)).toBe(false);
  });
  it("is not held up by takes of somebody else on this machine", () => {
    expect(mayClose({ ...done(), takes: [take("camera", 0, 10, "lost", { attempt: "b" })] }, "a", 0)).toBe(true);
  });
});

it("of several troubles the one is named that needs somebody", () => {
  expect(worst([null, "network", "signed-out"])).toBe("signed-out");
  expect(worst([null, null])).toBeNull();
});

describe("a receipt", () => {
  it("must speak of exactly this take", async () => {
    const journal = await TakeJournal.create(new MemoryFolder(), { version: 1, take: "ab".repeat(16), attempt: "a", kind: "camera", mime: "m", label: "", settings: {}, run: "r", began: { ...at(0), reason: "start" } });
    await journal.append(new Uint8Array(300), 5);
    await journal.append(new Uint8Array(20), 9);
    const note = () => ["trivue receipt 1", "ab".repeat(16), "a", "camera", "320 2", toHex(journal.readChain(2, 3).subarray(8)), "", "— key AAAA", ""];
    expect(receiptFits(note().join("\n"), journal)).toBe(false);
    await journal.finish({ ...at(9), reason: "finished" }, 10);
    expect(receiptFits(note().join("\n"), journal)).toBe(true);
    for (let line = 0; line < 6; line++) {
      const wrong = note();
      wrong[line] += "0";
      expect(receiptFits(wrong.join("\n"), journal)).toBe(false);
    }
  });
});

describe("a take under a new name", () => {
  it("has the same bytes and times, and tells what the disk has spoilt", async () => {
    const takes = new MemoryFolder();
    const old = await TakeJournal.create(takes, { version: 1, take: "cd".repeat(16), attempt: "a", kind: "screen", mime: "m", label: "", settings: {}, run: "r", began: { ...at(0), reason: "start" } });
    for (let n = 0; n < 4; n++) await old.append(new Uint8Array(10).fill(n), n * 7);
    await old.finish({ ...at(9), reason: "rate" }, 50);
    takes.folders.get("cd".repeat(16))!.files.get("media")!.bytes[15]! ^= 1;
    const { copy, damaged } = await copyTake(takes, old);
    expect(damaged).toBe(1);
    expect(copy.about).toMatchObject({ replaces: "cd".repeat(16), kind: "screen" });
    expect(copy.read(0, 99)).toEqual(old.read(0, 99));
    expect([copy.chunks.map((c) => c.ms), copy.length, copy.end!.reason]).toEqual([[0, 7, 14, 21], 50, "rate"]);
    expect(await copy.intact(1)).toBe(true);
    takes.capacity = takes.used() + 60;
    await expect(copyTake(takes, old)).rejects.toThrow();
    expect((await takes.list()).length).toBe(2);
  });
});

describe("events", () => {
  const event = (id: string) => ({ id, kind: "focus", wall: 1, server: null, data: {} });
  it("are kept over a crash, without the one that was being written, each once", async () => {
    const folder = new MemoryFolder();
    const open = () => Outbox.open(folder, "a", { files: "", api: "" }, new Retry(), () => undefined);
    const box = await open();
    for (const id of ["1", "2", "2", "3"]) box.add(event(id));
    const file = folder.files.get("a.jsonl")!;
    file.truncate(file.size() - 5);
    file.open = false;
    const again = await open();
    expect(again.pending).toBe(2);
    again.add(event("2"));
    again.add(event("3"));
    expect(again.pending).toBe(3);
  });
  it("are bounded", async () => {
    const box = await Outbox.open(new MemoryFolder(), "a", { files: "", api: "" }, new Retry(), () => undefined);
    vi.spyOn(box as unknown as { hold: (e: unknown) => boolean }, "hold");
    (box as unknown as { waiting: unknown[] }).waiting = new Array(waitingAtMost);
    box.add(event("x"));
    expect([box.pending, box.dropped]).toEqual([waitingAtMost, 1]);
  });
  it("are limited per kind, and say how many were not told", () => {
    let now = 0;
    const limiter = new Limiter(() => now);
    const told = Array.from({ length: 100 }, () => limiter.allow("focus")).filter(Boolean).length;
    expect(told).toBe(30);
    expect(limiter.allow("print")).toEqual({ suppressed: 0 });
    now += 2000;
    expect(limiter.allow("focus")).toEqual({ suppressed: 70 });
  });
});
