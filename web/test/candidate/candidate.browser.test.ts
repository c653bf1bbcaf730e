// The candidate's page in a real Chromium, against a stand-in of the candidate's API: all steps, and what breaks on the way.

import { rmSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { buildPage, canRun, Chromium } from "../capture/browser";
import { Server } from "./standin";

const flags = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];

describe.skipIf(!canRun)("the candidate's page", { timeout: 60_000 }, () => {
  let pages: string;
  let chromium: Chromium;
  let server: Server;
  let page: Page;
  const errors: string[] = [];

  beforeAll(async () => {
    pages = await buildPage("../..", "candidate.html");
    chromium = new Chromium(flags);
  }, 60_000);
  afterAll(async () => {
    await chromium.remove();
    rmSync(pages, { recursive: true });
  }, 60_000);
  beforeEach(async () => {
    server = new Server(pages);
    await server.start();
    return async () => {
      expect(errors.splice(0)).toEqual([]);
      expect(server.wrongs).toEqual([]);
      await page.context().setOffline(false);
      await page.close();
      await server.crash();
    };
  });

  async function open(query = "?exam=demo"): Promise<Page> {
    page = await chromium.open(`${server.address}/candidate.html${query}`, () => document.querySelector("main h1") !== null);
    page.setDefaultTimeout(15_000);
    page.on("pageerror", (error) => errors.push(String(error)));
    return page;
  }
  const at = (step: string) => page.waitForSelector(`main [data-step="${step}"]`);
  const press = (id: string) => page.click(`[data-testid="${id}"]:visible`);
  const text = (selector: string) => page.textContent(selector);
  const heading = () => page.evaluate(() => document.activeElement?.textContent);
  async function reload(step: string) {
    await page.reload();
    await at(step);
  }
  /** Waits for something that the server should come to have. */
  async function until(what: string, test: () => boolean) {
    const deadline = performance.now() + 15_000;
    while (!test()) {
      if (performance.now() > deadline) throw new Error(`never: ${what}`);
      await page.waitForTimeout(30);
    }
  }
  const recording = () => page.waitForSelector('[data-lamp="recording"][data-state="recording"]');
  /** Opens the page in the middle of the interview, as after a reload, and shares the screen. */
  async function openAnswering(start: number) {
    server.upTo("answering");
    server.startIn(start);
    await open();
    await at("answering");
    // What is shared can be stopped by its owner at any time; here the test is the owner.
    await page.evaluate(() => {
      const share = navigator.mediaDevices.getDisplayMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getDisplayMedia = async (wanted) => {
        const stream = await share(wanted);
        window.addEventListener("stop-sharing", () => stream.getTracks().forEach((track) => (track.stop(), track.dispatchEvent(new Event("ended")))), { once: true });
        return stream;
      };
    });
    await press("share-again");
    await recording();
  }
  async function signIn() {
    await page.fill("#sign-in-ticket", "20260018");
    await page.fill("#sign-in-idTail", "123X");
    await press("sign-in");
  }
  const mayClose = () => page.waitForSelector('[data-step="finished"] [data-testid="may-close"][data-tone="good"]');

  it("leads through all steps, with a reload at each", async () => {
    server.ahead = 3 * 3600e6; // the device's clock is wrong by hours
    server.startIn(600);
    await open();
    await at("devices");
    expect(await page.getAttribute("html", "lang")).toBe("en");
    await press("language");
    expect(await page.getAttribute("html", "lang")).toBe("zh-CN");
    expect(await text("h1")).toBe("设备准备");
    await press("check-start");
    for (const name of ["browser", "camera", "microphone", "storage", "network"]) await page.waitForSelector(`[data-check="${name}"]:is([data-state="good"], [data-state="warn"])`);
    await press("speaker");
    await press("speaker-yes");
    await press("share-test");
    await page.waitForSelector('[data-check="screen"][data-state="good"]');
    await press("record-test");
    await press("recording-yes");
    await page.waitForSelector('.verdict[data-state="good"]');
    await press("devices-next");

    await at("login");
    expect(await heading()).toBe("登录");
    await reload("login");
    await page.fill("#sign-in-ticket", "20260018");
    await page.fill("#sign-in-idTail", "0000");
    await press("sign-in");
    await page.waitForSelector('[data-testid="sign-in-refusal"][data-code="unknown"]');
    await page.fill("#sign-in-idTail", "123X");
    await press("sign-in");
    await page.waitForSelector('[data-testid="waiting-approval"]');
    await until("a still of the face", () => server.pictures.login !== undefined);
    expect([...server.pictures.login!.subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
    await until("the results of the devices", () => server.results !== null);
    await reload("login");
    await page.waitForSelector('[data-testid="waiting-approval"]');
    server.login = { state: "refused", reason: "照片过暗" };
    server.push();
    expect(await text('[data-testid="refused"]')).toContain("照片过暗");
    await press("login-again");
    await page.fill("#sign-in-ticket", "20260018");
    await page.fill("#sign-in-idTail", "123X");
    await press("sign-in");
    await page.waitForSelector('[data-testid="waiting-approval"]');
    server.login = { state: "approved" };
    server.push();

    await at("phone");
    expect(await text('[data-testid="phone-code"]')).toBe("K7QF 2MRT");
    await reload("phone");
    server.done.phone = server.now();
    server.push();

    await at("attachments");
    const mark = (id: string) => page.locator(`[data-document="${id}"] [data-testid="acknowledge"]`);
    expect(await mark("notice").isDisabled()).toBe(true);
    await page.click('[data-document="notice"] [data-testid="open-document"]');
    await page.waitForSelector("iframe.reader-body");
    await press("reader-done");
    await page.waitForSelector('[data-document="notice"][data-state="read"]');
    await reload("attachments");
    expect(await mark("rules").isDisabled()).toBe(true);
    await page.click('[data-document="rules"] [data-testid="open-document"]');
    expect(await text(".reader-body")).toContain("<script>window.injected = 1</script>");
    await press("reader-close");
    await mark("rules").click();

    await at("pledge");
    await reload("pledge");
    await page.fill("#pledge-name", "王五");
    await press("sign-pledge");
    await page.waitForSelector('main .notice[data-tone="bad"]');
    await page.fill("#pledge-name", "李明");
    await press("sign-pledge");

    await at("entry");
    await reload("entry");
    await press("enter");
    await at("confirm");
    await recording();
    await reload("confirm");
    await press("share-again");
    await recording();
    await press("confirm-next");

    await at("waiting");
    await reload("waiting");
    await press("share-again");
    await recording();
    server.startIn(1);
    server.push();

    await at("answering");
    await page.waitForSelector('[data-testid="question"] strong');
    expect(await text('[data-testid="question"]')).toContain("公共服务");
    await press("a4-front");
    await press("a4-back");
    await page.waitForSelector(".a4", { state: "hidden" });
    await press("help");
    await page.fill("#help-text", "听不到提示音");
    await press("help-send");
    await until("the call for help", () => server.help.length === 1);
    await page.waitForSelector('.talk [data-from="me"]');
    await page.keyboard.press("Escape");
    server.help = [...server.help, { at: server.now(), from: "staff:support", text: "请继续" }];
    server.push();
    expect(await text(".badge:visible")).toBe("1");
    await reload("answering");
    await press("share-again");
    await recording();
    expect(await text('[data-testid="question"]')).toContain("公共服务");
    await until("the coming back is noted", () => server.reentered > 0);
    await press("end");
    await press("dialog-no");
    expect(server.ended).toBeNull();
    await press("end");
    await press("dialog-yes");

    await at("upload");
    await reload("upload");
    await at("finished");
    await page.waitForSelector('[data-testid="may-close"][data-tone="good"]');
    await reload("finished");
    await page.waitForSelector('[data-testid="may-close"][data-tone="good"]');
    expect(new Set([...server.takes.values()].map((take) => take.meta.kind))).toEqual(new Set(["camera", "screen"]));
    for (const take of server.takes.values()) expect(take.receipt).not.toBeNull();
    expect(await page.evaluate(() => "injected" in window)).toBe(false);
  });

  it("says who is signed in elsewhere, and signs in by itself when it was too early", async () => {
    server.skip = ["devices"];
    server.startIn(3600);
    server.refuse.login = { status: 409, body: { code: "elsewhere" }, times: 1 };
    await open();
    await at("login");
    await signIn();
    await page.waitForSelector('[data-code="elsewhere"]');
    expect(await text('[data-testid="sign-in-refusal"]')).toContain("010-8888 6666");
    server.refuse.login = { status: 409, body: { code: "too-early", from: server.now() + 2e6 }, times: 1 };
    await press("sign-in");
    await page.waitForSelector('[data-code="too-early"]');
    await page.waitForSelector('[data-testid="waiting-approval"]');
  });

  it("opens the entry by the server's clock, and closes it", async () => {
    server.upTo("entry");
    server.startIn(902);
    await open();
    await at("entry");
    expect(await page.isDisabled('[data-testid="enter"]')).toBe(true);
    await page.waitForSelector('[data-testid="enter"]:enabled'); // nothing was pushed, nothing pressed
    server.startIn(-5);
    await press("refresh");
    await page.waitForSelector('[data-testid="entry-note"][data-code="late"]');
    expect(await page.isVisible('[data-testid="enter"]')).toBe(false);
    expect(await text('[data-testid="entry-note"]')).toContain("010-8888 6666");
  });

  it("goes on through a time without network, and ends without it", async () => {
    await openAnswering(-5);
    await page.waitForSelector('[data-testid="question"] strong');
    server.faults.status = 503; // a reload in the middle of it: the pages are there, and nothing else
    await reload("answering");
    expect(await text('[data-testid="question"]')).toContain("公共服务");
    await press("share-again");
    await recording();
    await page.waitForSelector('[data-wrong="offline"]');
    server.faults.status = 0;
    await page.evaluate(() => window.dispatchEvent(new Event("online")));
    await page.waitForSelector('[data-wrong="offline"]', { state: "detached" });
    await server.crash();
    await page.context().setOffline(true);
    await page.waitForSelector('[data-wrong="offline"]');
    expect(await text('[data-wrong="offline"]')).toMatch(/Offline for \d+ s|stood \d+ s ago/);
    expect(await page.getAttribute('[data-lamp="connection"]', "data-state")).toBe("bad");
    expect(await text('[data-testid="question"]')).toContain("公共服务");
    const before = await text('[data-testid="timer"]');
    await page.waitForFunction((was) => document.querySelector('[data-testid="timer"]')!.textContent !== was, before);
    await press("a4-front");
    await page.waitForSelector('[data-testid="a4-front"][data-state="waiting"]');
    server.length = 60e6; // the second question's time comes
    await press("end");
    await press("dialog-yes");
    await at("upload");
    expect(await page.isVisible('[data-testid="may-close"][data-tone="good"]')).toBe(false);
    expect(server.ended).toBeNull();
    await server.start();
    await page.context().setOffline(false);
    await mayClose();
    expect(server.ended).not.toBeNull();
    expect(server.pictures["a4-front"]).toBeDefined();
  });

  it("asks for the screen again where sharing was stopped, while the time goes on", async () => {
    await openAnswering(-5);
    await page.evaluate(() => window.dispatchEvent(new Event("stop-sharing")));
    await page.waitForSelector("dialog.full[open]");
    expect(await heading()).toBe("The screen is no longer shared");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    for (let n = 0; n < 6; n++) await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.querySelector("dialog.full[open]")!.contains(document.activeElement) || document.activeElement === document.body)).toBe(true);
    const before = await text(".prompt-timer");
    await page.waitForFunction((was) => document.querySelector(".prompt-timer")!.textContent !== was, before);
    await press("share-again");
    await page.waitForSelector("dialog", { state: "detached" });
    await recording();
  });

  it("stays with the upload where the session is lost, and goes on after signing in again", async () => {
    await openAnswering(-5);
    server.faults.receiptLater = 1e6;
    server.ended = { at: server.now(), by: "staff:support" };
    server.push();
    await at("upload");
    server.signOut();
    await page.waitForSelector("dialog [data-testid='sign-in']");
    await page.keyboard.press("Escape");
    expect(await text('[data-wrong="signed-out"]')).toContain("signed out");
    server.faults.receiptLater = 0;
    await page.click('[data-wrong="signed-out"] button');
    await page.fill("#sign-in-idTail", "123X");
    await press("sign-in");
    await mayClose();
  });

  it("goes on in one tab at a time, and behind proxies that let no stream through", async () => {
    server.noStream = true;
    server.upTo("attachments");
    server.startIn(600);
    await open();
    await at("attachments");
    await page.waitForSelector('[data-lamp="connection"][data-state="good"]');
    const first = page;
    await open();
    await page.waitForSelector('[data-testid="other-tab"][open]');
    await first.close();
    await page.waitForSelector('[data-testid="other-tab"]', { state: "detached" });
    await server.crash();
    await page.waitForSelector('[data-wrong="offline"][data-tone="bad"]');
    await server.start();
    await page.waitForSelector('[data-wrong="offline"]', { state: "detached" });
  });

  it("finds and sends what a killed browser has left", async () => {
    await openAnswering(-5);
    await until("something was recorded of both", () => new Set([...server.takes.values()].filter((take) => take.media.length > 0).map((take) => take.meta.kind)).size === 2);
    await chromium.kill();
    server.ended = { at: server.now(), by: "staff:support" };
    await open("?exam=demo&recover");
    await at("recover");
    await page.waitForSelector('[data-testid="recover-state"][data-tone="good"]');
    expect([...server.takes.values()].filter((take) => take.receipt === null)).toEqual([]);
  });
});
