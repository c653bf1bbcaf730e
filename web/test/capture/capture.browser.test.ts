// The whole engine in a real Chromium with its fake camera, microphone and screen, through what breaks in an interview.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { CaptureState } from "../../src/capture/capture";
import { buildHarness, canRun, Chromium } from "./browser";
import { StandIn } from "./standin";

const devices = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];

describe.skipIf(!canRun)("capture", { timeout: 90_000 }, () => {
  let pages: string;
  let chromium: Chromium;
  let server: StandIn;
  let page: Page;
  const extra: Page[] = [];

  beforeAll(async () => {
    pages = await buildHarness();
    chromium = new Chromium(devices);
  }, 60_000);
  afterAll(async () => {
    await chromium.remove();
    rmSync(pages, { recursive: true });
  }, 60_000);
  beforeEach(async () => {
    server = new StandIn(pages);
    await server.start();
    page = await chromium.open(server.address);
    return async () => {
      expect(server.wrongs).toEqual([]);
      for (const each of [page, ...extra.splice(0)]) await each.close();
      await server.crash();
    };
  });

  const open = () => page.evaluate(() => window.harness.startCapture());
  const state = () => page.evaluate(() => window.capture.state);
  /** Waits until the state is as asked; tells what it was instead. */
  async function until(what: string, test: (state: CaptureState) => boolean, timeout = 30_000): Promise<CaptureState> {
    const deadline = performance.now() + timeout;
    for (let now = await state(); !test(now); now = await state()) {
      if (performance.now() > deadline) throw new Error(`never: ${what}; ${JSON.stringify(now)}`);
      await page.waitForTimeout(50);
    }
    return state();
  }
  async function record() {
    await open();
    await page.evaluate(async () => {
      await window.capture.useCamera();
      await window.capture.useScreen();
      window.capture.record();
    });
    return until("both record", (s) => ["camera", "screen"].every((kind) => s.takes.some((t) => t.kind === kind && t.live && t.chunks >= 3)));
  }
  const finish = async () => {
    await page.evaluate(() => window.capture.finish());
    return until("it may be closed", (s) => s.mayClose);
  };
  const events = (kind: string) => [...server.events.values()].filter((e) => e.event.kind === kind).map((e) => e.event.data);

  /** Every take that the page knows is on the server as it is on disk, byte for byte, and signed for. */
  async function expectAllSame(s: CaptureState) {
    const disk = await page.evaluate(() => window.harness.onDisk());
    expect(s.takes.length).toBeGreaterThan(0);
    for (const take of s.takes) {
      const stored = server.takes.get(take.take)!;
      expect(stored.receipt).not.toBeNull();
      const sha256 = createHash("sha256").update(stored.media).digest("hex");
      expect({ size: stored.media.length, sha256 }).toEqual(disk[take.take]);
      expect(take).toMatchObject({ recorded: stored.media.length, journaled: stored.media.length, stored: stored.media.length, verified: stored.media.length, receipt: true });
    }
    expect(new Set(server.takes.keys())).toEqual(new Set(s.takes.map((take) => take.take)));
    expect(s).toMatchObject({ unsigned: 0, trouble: null, failure: null });
  }

  it("is at most 40 kB of script, gzipped, worker and tus-js-client included", () => {
    const scripts = readdirSync(join(pages, "assets")).filter((name) => name.endsWith(".js"));
    expect(scripts.length).toBe(2);
    const sizes = scripts.map((name) => gzipSync(readFileSync(join(pages, "assets", name))).length);
    expect(sizes.reduce((a, b) => a + b)).toBeLessThanOrEqual(40_000);
  });

  it("records camera and screen, and says that it may be closed only when the server has signed for both", async () => {
    server.ahead = 3600e6;
    const during = await record();
    expect(during.mayClose).toBe(false);
    expect(during.recorded).toBeGreaterThan(0);
    const s = await finish();
    await expectAllSame(s);
    expect(s.takes.map((t) => [t.kind, t.began.reason, t.ended?.reason])).toEqual(expect.arrayContaining([["camera", "start", "finished"], ["screen", "start", "finished"]]));
    expect(s.lost).toEqual([]);
    for (const take of s.takes) {
      expect(take.mime).toMatch(/^video\/webm/);
      expect([...server.takes.get(take.take)!.media.subarray(0, 4)]).toEqual([0x1a, 0x45, 0xdf, 0xa3]);
    }
    // By the server's clock, which is an hour ahead of this device's.
    const end = s.takes[0]!.ended!;
    expect(Math.abs(end.server! - end.wall - 3600e6)).toBeLessThan(500_000);
    expect(events("take-began")).toHaveLength(2);
    expect(events("share")[0]).toMatchObject({ surface: "monitor" });
    expect(events("page-opened")).toHaveLength(1);
  });

  it("goes on recording through a crash of the server and a time without network", async () => {
    await record();
    await server.crash();
    const off = await until("it knows of the trouble", (s) => s.trouble === "network");
    const before = off.recorded;
    await page.waitForFunction((n) => window.capture.state.takes.every((t) => t.journaled === t.recorded || t.live) && window.capture.state.recorded > n + 20_000, before);
    expect((await state()).mayClose).toBe(false);
    await server.start();
    await page.evaluate(() => window.capture.wake());
    const s = await finish();
    await expectAllSame(s);
    expect(s.takes).toHaveLength(2);
    expect(s.lost).toEqual([]);
  });

  it("says what a reload has cost, and sends what was recorded before it", async () => {
    await record();
    await page.reload();
    await page.waitForFunction(() => "harness" in window);
    await record();
    const s = await finish();
    await expectAllSame(s);
    expect(s.takes).toHaveLength(4);
    expect(s.takes.filter((t) => t.ended?.reason === "page-left")).toHaveLength(2);
    expect(s.takes.filter((t) => t.began.reason === "after-reload")).toHaveLength(2);
    expect(s.lost.map((l) => [l.kind, l.cause, l.to !== null && l.to > l.from])).toEqual(expect.arrayContaining([["camera", "page-left", true], ["screen", "page-left", true]]));
    expect(s.lost).toHaveLength(2);
    expect(events("take-ended").map((d) => d.end.reason).sort()).toEqual(["finished", "finished", "page-left", "page-left"]);
  });

  it("loses nothing that was journaled when the browser is killed", async () => {
    server.faults.status = 503;
    await record();
    const before = await state();
    await chromium.kill();
    server.faults.status = 0;
    page = await chromium.open(server.address);
    await open();
    const s = await until("everything is sent", (s) => s.mayClose);
    await expectAllSame(s);
    expect(s.takes.map((t) => t.ended?.reason)).toEqual(["lost", "lost"]);
    for (const take of before.takes) expect(s.takes.find((t) => t.take === take.take)!.journaled).toBeGreaterThanOrEqual(take.journaled);
    expect(events("take-began")).toHaveLength(2);
  });

  it("goes on with another take when the camera is lost or changed", async () => {
    await record();
    await page.evaluate(() => window.harness.pullOut(window.capture.preview.camera!));
    await until("the camera is back", (s) => s.takes.some((t) => t.began.reason === "device-back" && t.chunks > 1));
    await page.evaluate(() => window.capture.useCamera());
    await until("the camera was changed", (s) => ["camera", "screen"].every((kind) => s.takes.some((t) => t.kind === kind && t.began.reason === "device-changed" && t.chunks > 1)));
    const s = await finish();
    await expectAllSame(s);
    expect(s.takes.filter((t) => t.kind === "camera").map((t) => t.ended?.reason)).toContain("device-lost");
    // A change costs nothing: the new take begins before the old one ends.
    expect(s.lost.filter((l) => l.cause !== "device-lost")).toEqual([]);
    expect(events("device-lost")).toEqual([{ device: "camera" }]);
  });

  it("says that the screen is no longer shared, until it is", async () => {
    await record();
    await page.evaluate(() => window.harness.pullOut(window.harness.shared.at(-1)!));
    const gap = await until("the gap shows", (s) => s.lost.some((l) => l.kind === "screen" && l.cause === "share-stopped" && l.to === null) && s.devices.screen.problem === "ended");
    expect(gap.recordings).toEqual({ camera: { wanted: true, recording: true }, screen: { wanted: true, recording: false } });
    await page.evaluate(() => window.capture.useScreen());
    await until("it is shared again", (s) => s.takes.some((t) => t.kind === "screen" && t.began.reason === "share-again" && t.chunks > 1));
    const s = await finish();
    await expectAllSame(s);
    expect(s.lost.map((l) => [l.kind, l.cause])).toEqual([["screen", "share-stopped"]]);
  });

  it("belongs to one tab", async () => {
    await record();
    const second = await chromium.open(server.address);
    extra.push(second);
    await second.evaluate(() => void window.harness.startCapture());
    await second.waitForFunction(() => window.capture?.state.tab === "elsewhere");
    expect((await state()).tab).toBe("here");
    await page.evaluate(() => window.capture.close());
    await second.waitForFunction(() => window.capture.state.tab === "here" && window.capture.state.mayClose, undefined, { timeout: 30_000 });
    page = second;
    extra.splice(0);
    await expectAllSame(await state());
  });

  it("keeps what it noticed while the server was away, over a reload, and tells it once", async () => {
    server.faults.status = 503;
    await open();
    await page.evaluate(() => {
      document.body.innerHTML = "<textarea>secret words</textarea>";
      document.querySelector("textarea")!.select();
    });
    await page.keyboard.press("Control+C");
    await page.keyboard.press("Control+V");
    await page.keyboard.press("F12");
    await page.evaluate(async () => {
      window.dispatchEvent(new Event("beforeprint"));
      const changed = () => new Promise((resolve) => document.addEventListener("fullscreenchange", () => setTimeout(resolve), { once: true }));
      for (const change of [() => document.documentElement.requestFullscreen(), () => document.exitFullscreen()]) {
        const seen = changed();
        await change();
        await seen;
      }
      for (let n = 0; n < 100; n++) window.dispatchEvent(new Event("blur"));
    });
    await until("they are on disk", (s) => s.events.pending >= 36);
    await page.reload();
    await page.waitForFunction(() => "harness" in window);
    server.faults.status = 0;
    await open();
    // The page may still have nothing pending when it has only just been opened.
    await expect.poll(() => events("page-opened").length, { timeout: 20_000 }).toBe(2);
    await until("all are sent", (s) => s.events.pending === 0 && s.mayClose);
    expect(events("clipboard")).toEqual([{ action: "copy", length: 12 }, { action: "paste", length: 12 }]);
    expect(events("devtools")).toContainEqual({ how: "key" });
    expect(events("print")).toEqual([{}]);
    expect(events("fullscreen")).toEqual([{ on: true }, { on: false }]);
    expect(events("focus").length).toBeLessThan(40);
    expect([...server.events.values()].filter((e) => e.times > 1)).toEqual([]);
  });

  it("cuts takes and removes what is signed for when the disk is nearly full", async () => {
    await record();
    await until("the reserve is there", (s) => s.space.reserve >= 768 << 10);
    const cdp = await page.context().newCDPSession(page);
    const { usage } = await cdp.send("Storage.getUsageAndQuota", { origin: server.address });
    await cdp.send("Storage.overrideQuotaForOrigin", { origin: server.address, quotaSize: usage });
    // A new take needs new files at once; one that runs has some space of its own left.
    await page.evaluate(() => window.capture.useCamera());
    const s = await until("a take was cut and removed", (s) => s.space.low && s.space.removed > 0 && s.takes.some((t) => t.began.reason === "space" && t.live));
    expect(s.level).toBe(1);
    await cdp.send("Storage.overrideQuotaForOrigin", { origin: server.address });
    const end = await finish();
    expect(end.lost).toEqual([]);
    expect(end.takes.every((take) => take.receipt && take.stored === take.recorded)).toBe(true);
    expect(end.takes.filter((take) => take.ended?.reason === "space").length).toBeGreaterThanOrEqual(1);
    expect(Object.keys(await page.evaluate(() => window.harness.onDisk())).length).toBeLessThan(end.takes.length);
  });

  it("refuses anything less than the whole screen", async () => {
    const other = new Chromium(["--auto-select-tab-capture-source-by-title=about:blank"]);
    try {
      const tab = await other.open(server.address);
      await tab.evaluate(() => window.harness.startCapture());
      expect(await tab.evaluate(() => window.capture.useScreen().catch((error: { problem: string }) => error.problem))).toBe("not-monitor");
      expect(await tab.evaluate(() => [window.capture.state.devices.screen.problem, window.harness.shared[0]!.readyState])).toEqual(["not-monitor", "ended"]);
    } finally {
      await other.remove();
    }
  });
});
