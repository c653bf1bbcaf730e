// The worker in a real Chromium, on its real file system, against a server that fails. The media is noise: faster than a recorder.

import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { buildHarness, canRun, Chromium } from "./browser";
import { StandIn } from "./standin";

describe.skipIf(!canRun)("the worker", { timeout: 60_000 }, () => {
  let pages: string;
  let chromium: Chromium;
  let server: StandIn;
  let page: Page;

  beforeAll(async () => {
    pages = await buildHarness();
    chromium = new Chromium();
  }, 60_000);
  afterAll(async () => {
    await chromium.remove();
    rmSync(pages, { recursive: true });
  }, 60_000);
  beforeEach(async () => {
    // A port of its own is an origin of its own: an empty disk.
    server = new StandIn(pages);
    await server.start();
    page = await chromium.open(server.address);
    await start();
    return async () => {
      expect(server.wrongs).toEqual([]);
      await page.close();
      await server.crash();
    };
  });

  const start = async (reserve = 0) => {
    await page.evaluate((reserve) => void (window.w = window.harness.startWorker("a1", reserve)), reserve);
    await page.waitForFunction(() => window.w.said.opened);
  };
  const record = (count: number, size: number, end = true) =>
    page.evaluate(([count, size, end]) => {
      const take = window.w.begin();
      window.w.chunks(take, count, size);
      if (end) window.w.end(take);
      return take;
    }, [count, size, end] as const);
  const signed = (take: string) => page.waitForFunction((take) => window.w.takes[take]?.receipt, take, { timeout: 45_000, polling: 50 });
  const sha256 = (data: Buffer) => createHash("sha256").update(data).digest("hex");

  /** What the server signed for is, byte for byte, what lies on the browser's disk. */
  async function expectSame(take: string, bytes: number) {
    const disk = (await page.evaluate(() => window.harness.onDisk()))[take]!;
    const stored = server.takes.get(take)!;
    expect(stored.receipt).not.toBeNull();
    expect({ size: stored.media.length, sha256: sha256(stored.media) }).toEqual(disk);
    expect(disk.size).toBe(bytes);
    const state = await page.evaluate((take) => window.w.takes[take]!, take);
    expect(state).toMatchObject({ recorded: bytes, journaled: bytes, sent: bytes, stored: bytes, verified: bytes, receipt: true, live: false, trouble: null });
    expect(await page.evaluate(() => window.w.failures)).toEqual([]);
  }
  const total = (count: number, size: number) => count * size + (count * (count - 1)) / 2;

  it("sends what it journals, and says how the take began and ended, once", async () => {
    const take = await record(20, 100_000);
    await signed(take);
    await expectSame(take, total(20, 100_000));
    await page.waitForFunction(() => window.w.said.events?.type === "events" && window.w.said.events.pending === 0);
    expect([...server.events.values()].map((e) => [e.event.kind, e.times])).toEqual([["take-began", 1], ["take-ended", 1]]);
  });

  it("gets through a server that cuts, resets, truncates and loses answers", async () => {
    server.faults.cutPatchAfter = 70_001;
    server.faults.truncateTo = 333_333;
    server.faults.loseAnswer = { POST: 2, PATCH: 2, PUT: 1, HEAD: 1, GET: 1 };
    const take = await record(30, 100_000);
    await signed(take);
    await expectSame(take, total(30, 100_000));
    expect(server.faults.loseAnswer).toEqual({ POST: 0, PATCH: 0, PUT: 0, HEAD: 0, GET: 0 });
  });

  it("waits for a server that is down from the first second, and goes on at once when woken", async () => {
    await server.crash();
    const take = await record(5, 50_000);
    await page.waitForFunction((take) => window.w.takes[take]?.trouble === "network", take);
    await server.start();
    await page.evaluate(() => window.w.order({ type: "wake" }));
    await signed(take);
    await expectSame(take, total(5, 50_000));
  });

  it("sends again what a crashing server has forgotten", async () => {
    server.faults.delay = 30;
    const take = await record(40, 200_000, false);
    await page.waitForFunction((take) => (window.w.takes[take]?.sent ?? 0) > 1_500_000, take, { polling: 20 });
    await server.crash();
    const kept = server.takes.get(take)!.media.length;
    expect(kept).toBeLessThan(1_500_000);
    server.faults.delay = 0;
    await server.start();
    await page.evaluate((take) => window.w.end(take), take);
    await signed(take);
    await expectSame(take, total(40, 200_000));
  });

  it("tells the length once, also when the request that told it was cut", async () => {
    server.faults.status = 503;
    const take = await record(3, 1000);
    await page.waitForFunction((take) => window.w.takes[take]?.ended, take);
    server.faults.cutPatchAfter = 1500;
    server.faults.status = 0;
    await signed(take);
    await expectSame(take, 3003);
    expect(server.faults.cutPatchAfter).toBeNull();
  });

  it("sends a take under a new name where the stored bytes are not what the chain says", async () => {
    const take = await record(10, 60_000, false);
    await page.waitForFunction((take) => window.w.takes[take]?.sent === 600_045, take);
    const stored = server.takes.get(take)!;
    stored.media = Buffer.from(stored.media);
    stored.media[300_000]! ^= 1;
    await page.evaluate((take) => window.w.end(take), take);
    const fresh = await page.waitForFunction((old) => Object.values(window.w.takes).find((t) => t.take !== old && t.receipt)?.take, take, { timeout: 30_000 });
    await expectSame((await fresh.jsonValue())!, total(10, 60_000));
    expect(await page.evaluate((take) => take in window.w.takes, take)).toBe(false);
  });

  it("keeps what a signed-out candidate recorded, and sends it after the next sign-in", async () => {
    server.faults.status = 401;
    const take = await record(3, 5000);
    await page.waitForFunction((take) => window.w.takes[take]?.trouble === "signed-out", take);
    server.faults.status = 0;
    await page.evaluate(() => window.w.order({ type: "wake" }));
    await signed(take);
    await expectSame(take, total(3, 5000));
  });

  it("finds an unfinished take after a reload, ends it as lost, and sends it", async () => {
    server.faults.status = 503;
    const take = await record(8, 30_000, false);
    await page.waitForFunction((take) => window.w.takes[take]?.chunks === 8, take);
    await page.reload();
    await page.waitForFunction(() => "harness" in window);
    await start();
    server.faults.status = 0;
    await page.evaluate(() => window.w.order({ type: "recover", left: {} }));
    await signed(take);
    await expectSame(take, total(8, 30_000));
    expect(await page.evaluate((take) => window.w.takes[take]!.ended?.reason, take)).toBe("lost");
  });

  it("recovers what it has on a disk that was full when the browser was closed", async () => {
    const again = async () => {
      await page.reload();
      await page.waitForFunction(() => "harness" in window);
      await start(4 << 20);
    };
    await again();
    await page.waitForFunction(() => window.w.said.space?.type === "space" && window.w.said.space.space.reserve > 256 << 10);
    server.faults.status = 503;
    const take = await record(4, 30_000, false);
    await page.waitForFunction((take) => window.w.takes[take]?.chunks === 4, take);
    const cdp = await page.context().newCDPSession(page);
    const { usage } = await cdp.send("Storage.getUsageAndQuota", { origin: server.address });
    await cdp.send("Storage.overrideQuotaForOrigin", { origin: server.address, quotaSize: usage });
    await again();
    server.faults.status = 0;
    await page.evaluate(() => window.w.order({ type: "recover", left: {} }));
    await signed(take);
    await expectSame(take, total(4, 30_000));
    await cdp.send("Storage.overrideQuotaForOrigin", { origin: server.address });
  });

  it("takes turns: a long older take does not hold up a short new one", async () => {
    server.faults.delay = 20;
    const long = await record(30, 400_000);
    const short = await record(4, 100_000);
    await signed(short);
    expect(await page.evaluate((long) => window.w.takes[long]!.receipt, long)).toBe(false);
    server.faults.delay = 0;
    await signed(long);
    await expectSame(long, total(30, 400_000));
    await expectSame(short, total(4, 100_000));
  });

  it("survives a full disk: keeps what is journaled, removes what has a receipt, loses nothing", async () => {
    const old = await record(10, 300_000);
    await signed(old);
    const cdp = await page.context().newCDPSession(page);
    const { usage } = await cdp.send("Storage.getUsageAndQuota", { origin: server.address });
    await cdp.send("Storage.overrideQuotaForOrigin", { origin: server.address, quotaSize: usage + 500_000 });
    const take = await record(10, 200_000, false);
    // The first chunks fit, the others only once the older take has gone.
    await page.waitForFunction(([take, old]) => window.w.takes[take]?.journaled === 2_000_045 && !(old in window.w.takes), [take, old] as const, { timeout: 30_000 });
    await page.evaluate((take) => window.w.chunks(take, 10, 300_000), take);
    // Nothing more can be removed: the rest waits in memory, and the page is told.
    await page.waitForFunction((take) => window.w.said.space?.type === "space" && window.w.said.space.space.full && window.w.takes[take]!.recorded > window.w.takes[take]!.journaled, take);
    await cdp.send("Storage.overrideQuotaForOrigin", { origin: server.address });
    await page.evaluate((take) => window.w.end(take), take);
    await signed(take);
    await expectSame(take, total(10, 200_000) + total(10, 300_000));
  });
});
