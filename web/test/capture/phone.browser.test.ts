// The engine as a phone has it: one recording, its own place, its own name before the server, and a system that stops pages.

import { rmSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { CaptureState } from "../../src/capture/capture";
import { buildHarness, canRun, Chromium } from "./browser";
import { StandIn, type Answer } from "./standin";

/** Knows who sends: /api/phone is the phone's, and so is an upload that says so. */
class PhoneStandIn extends StandIn {
  readonly uploads: (string | undefined)[] = [];
  readonly asked = new Set<string>();

  protected override answer(request: IncomingMessage, url: URL, response: ServerResponse): Promise<Answer | null> {
    if (url.pathname.startsWith("/files/")) this.uploads.push(request.headers["trivue-as"] as string | undefined);
    else this.asked.add(url.pathname.replace(/[0-9a-f]{32}/, "*"));
    return super.answer(request, new URL(url.href.replace("/api/phone/", "/api/candidate/")), response);
  }
}

describe.skipIf(!canRun)("capture on a phone", { timeout: 90_000 }, () => {
  let pages: string;
  let chromium: Chromium;
  let server: PhoneStandIn;
  let page: Page;

  beforeAll(async () => {
    pages = await buildHarness();
    chromium = new Chromium(["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]);
  }, 60_000);
  afterAll(async () => {
    await chromium.remove();
    rmSync(pages, { recursive: true });
  }, 60_000);
  beforeEach(async () => {
    server = new PhoneStandIn(pages);
    await server.start();
    page = await chromium.open(server.address);
    return async () => {
      expect(server.wrongs).toEqual([]);
      await page.close();
      await server.crash();
    };
  });

  async function until(what: string, test: (state: CaptureState<"phone">) => boolean): Promise<CaptureState<"phone">> {
    const deadline = performance.now() + 45_000;
    for (let now = await page.evaluate(() => window.phone.state); ; now = await page.evaluate(() => window.phone.state)) {
      if (test(now)) return now;
      if (performance.now() > deadline) throw new Error(`never: ${what}; ${JSON.stringify(now)}`);
      await page.waitForTimeout(50);
    }
  }
  async function record() {
    await page.evaluate(async () => {
      await window.harness.startPhone();
      await window.phone.useCamera({ facing: "user" });
      window.phone.record();
    });
    return until("it records", (s) => s.takes.some((t) => t.live && t.chunks >= 2));
  }
  async function finish() {
    await page.evaluate(() => window.phone.finish());
    return until("it may be closed", (s) => s.mayClose);
  }
  const ends = (s: CaptureState<"phone">) => s.takes.map((take) => [take.began.reason, take.ended?.reason]);

  it("makes one recording of camera and microphone, and says whose it is on every request", async () => {
    await record();
    const s = await finish();
    expect(s.recordings).toEqual({ phone: { wanted: false, recording: false } });
    expect(ends(s)).toEqual([["start", "finished"]]);
    const [take] = [...server.takes.values()];
    expect(take!.meta.kind).toBe("phone");
    expect(take!.receipt).toContain("\nphone\n");
    expect(s.takes[0]!.label).toContain(" + ");
    expect(server.uploads.length).toBeGreaterThan(1);
    expect(new Set(server.uploads)).toEqual(new Set(["phone"]));
    expect([...server.asked].sort()).toEqual(["/api/candidate/clock", "/api/phone/events", "/api/phone/takes/*/chain", "/api/phone/takes/*/receipt"]);
  });

  it("has a disk and a tab of its own: the laptop's page may be open beside it", async () => {
    await record();
    await page.evaluate(() => window.harness.startCapture());
    expect(await page.evaluate(() => [window.phone.state.tab, window.capture.state.tab])).toEqual(["here", "here"]);
    await page.evaluate(() => window.capture.close());
    expect(await finish()).toMatchObject({ takes: [{ kind: "phone", receipt: true }] });
  });

  it("ends a take where the system stopped the page, and begins another when it goes on", async () => {
    await record();
    // playwright keeps its pages in front, and Chromium freezes none that is: what the page would hear is said to it.
    await page.evaluate(() => document.dispatchEvent(new Event("freeze")));
    await page.waitForTimeout(3000);
    await page.evaluate(() => document.dispatchEvent(new Event("resume")));
    await until("it records again", (s) => s.takes.some((t) => t.began.reason === "thawed" && t.chunks > 1));
    const s = await finish();
    expect(ends(s)).toEqual([["start", "frozen"], ["thawed", "finished"]]);
    expect(s.lost).toMatchObject([{ kind: "phone", cause: "frozen" }]);
    expect(s.lost[0]!.to! - s.lost[0]!.from).toBeGreaterThan(2.9e6);
    const told = [...server.events.values()].find((e) => e.event.kind === "frozen")!;
    expect(told.event.data.for).toBeGreaterThan(2900);
  });

  it("lets one camera go before it opens the other", async () => {
    await record();
    await page.evaluate(async () => {
      const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      const before = window.phone.preview.camera!;
      // As a phone that has one camera at a time.
      navigator.mediaDevices.getUserMedia = (wanted) => (before.readyState === "live" ? Promise.reject(new DOMException("", "NotReadableError")) : open(wanted));
      await window.phone.useCamera({ facing: "environment" });
    });
    await until("it records again", (s) => s.takes.some((t) => t.began.reason === "device-changed" && t.chunks > 1));
    expect(ends(await finish())).toEqual([["start", "device-changed"], ["device-changed", "finished"]]);
  });

  it("does not ask again by itself what its owner has refused", async () => {
    await page.evaluate(async () => {
      await window.harness.startPhone();
      let asked = 0;
      navigator.mediaDevices.getUserMedia = () => {
        asked++;
        (window as unknown as { asked: number }).asked = asked;
        return Promise.reject(new DOMException("", "NotAllowedError"));
      };
      await window.phone.useCamera({ facing: "user" }).catch(() => undefined);
      window.phone.record();
    });
    await until("it knows", (s) => s.devices.camera.problem === "denied");
    await page.waitForTimeout(4000); // longer than it takes to look for a lost camera
    expect(await page.evaluate(() => (window as unknown as { asked: number }).asked)).toBe(1);
  });
});
