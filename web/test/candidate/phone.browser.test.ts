// What the candidate's page shows of the phone, in a real Chromium, against a stand-in of the candidate's API.

import { rmSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { buildPage, canRun, Chromium } from "../capture/browser";
import { Server } from "./standin";

const flags = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--lang=zh-CN", "--accept-lang=zh-CN"];
/** Where pictures of what the tests see are put, for people to look at; nowhere unless it is said. */
const pictures = process.env.PICTURES;

describe.skipIf(!canRun)("the phone on the candidate's page", { timeout: 60_000 }, () => {
  let pages: string;
  let chromium: Chromium;
  let server: Server;
  let page: Page;

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
      expect(server.wrongs).toEqual([]);
      await page.close();
      await server.crash();
    };
  });

  async function open(): Promise<void> {
    page = await chromium.open(`${server.address}/candidate.html?exam=demo`, () => document.querySelector("main h1") !== null);
    page.setDefaultTimeout(15_000);
    await page.setViewportSize({ width: 1366, height: 768 });
  }
  const at = (step: string) => page.waitForSelector(`main [data-step="${step}"]`);
  const press = (id: string) => page.click(`[data-testid="${id}"]:visible`);
  const shoot = async (name: string) => pictures && page.screenshot({ path: `${pictures}/${name}.png` });
  /** A picture as a phone would send one, made by the browser. */
  async function aPicture(): Promise<void> {
    const made = await page.evaluate(() => {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [640, 480];
      const draw = canvas.getContext("2d")!;
      for (const [fill, x, y, width, height] of [["#8fa3ad", 0, 0, 640, 480], ["#c9b79c", 0, 330, 640, 150], ["#33424c", 330, 190, 170, 110], ["#5d4a3f", 150, 140, 110, 230]] as const) {
        draw.fillStyle = fill;
        draw.fillRect(x, y, width, height);
      }
      return canvas.toDataURL("image/jpeg").split(",")[1]!;
    });
    server.pictures.phone = Buffer.from(made, "base64");
  }

  it("shows the code until one joins, and then the phone until it stands", async () => {
    server.upTo("phone");
    server.startIn(1200);
    await open();
    await at("phone");
    expect(await page.textContent('[data-testid="phone-code"]')).toBe("K7QF 2MRT");
    await shoot("phone-code");
    await aPicture();
    server.joinPhone({ pan: null, placedAt: null, still: server.now() }, { stage: "pan" });
    server.push();
    await page.waitForSelector('[data-testid="phone-joined"]:visible');
    expect(await page.isVisible('[data-testid="phone-code"]')).toBe(false);
    await page.waitForFunction(() => document.querySelector<HTMLImageElement>('[data-testid="phone-still"]')!.naturalWidth === 640);
    expect(await page.textContent('[data-fact="doing"]')).toBe("正在环拍房间");
    server.joinPhone({ placedAt: null, still: server.now() }, { stage: "place", battery: { level: 0.15, charging: false } });
    server.pushPhone();
    await page.waitForSelector('[data-testid="phone-alarm"][data-tone="warn"]:visible');
    expect(await page.textContent('[data-fact="pan"]')).toContain("344°");
    expect(await page.textContent('[data-fact="battery"]')).toBe("15%，未充电");
    await shoot("phone-joined");
    server.done.phone = server.now();
    server.push();
    await at("attachments");
    await page.waitForSelector('[data-lamp="phone"]:visible');
  });

  it("alarms when the phone is silent, and lets another one take over without leaving the questions", async () => {
    server.upTo("answering");
    server.startIn(-60);
    server.joinPhone();
    await open();
    await at("answering");
    await aPicture();
    await press("share-again");
    await page.waitForSelector('[data-lamp="recording"][data-state="recording"]');
    server.joinPhone({ still: server.now() });
    server.pushPhone();
    await page.waitForSelector('[data-lamp="phone"][data-state="recording"]');
    await shoot("answering");
    server.joinPhone({ heard: server.now() - 11e6, still: server.now() - 11e6 });
    server.pushPhone();
    await page.waitForSelector('[data-wrong="phone"][role="alert"][data-tone="bad"]');
    expect(await page.textContent('[data-lamp="phone"]')).toContain("失联");
    await shoot("answering-silent");
    await page.click('[data-wrong="phone"] button');
    await page.waitForSelector('dialog[open] [data-fact="heard"][data-state="bad"]');
    await shoot("dialog-silent");
    await press("another-phone");
    await page.waitForSelector('[data-testid="dialog-yes"]:visible');
    await shoot("dialog-confirm");
    await press("dialog-yes");
    await page.waitForSelector('[data-testid="another-code"]:visible');
    expect(await page.textContent('[data-testid="another-code"]')).toBe("K7QF 2MRT");
    await shoot("dialog-code");
    server.joinPhone();
    server.push();
    await page.waitForSelector('[data-testid="another-code"]', { state: "hidden" });
    await page.waitForSelector('[data-wrong="phone"]', { state: "detached" });
    await press("phone-close");
    expect(await page.isVisible('main [data-step="answering"]')).toBe(true);
  });

  it("lets the laptop be closed before the phone, and says which may not", async () => {
    server.upTo("answering");
    server.startIn(-60);
    server.phoneSends = true;
    server.joinPhone();
    await open();
    await at("answering");
    await press("share-again");
    await page.waitForSelector('[data-lamp="recording"][data-state="recording"]');
    await page.waitForTimeout(2500); // something to send
    server.ended = { at: server.now(), by: "candidate" };
    server.joinPhone({ endedAt: server.now() }, { stage: "send", recording: false, unsent: { bytes: 84_200_000, seconds: 340 } });
    server.push();
    await at("upload");
    await page.waitForSelector('[data-testid="may-close"][data-tone="good"]');
    expect(await page.textContent('[data-testid="may-close"]')).toContain("手机还在上传");
    expect(await page.textContent('[data-transfer="phone"]')).toContain("84.2 MB");
    await page.waitForFunction(() => document.querySelector('[data-step="upload"]')!.textContent!.includes("请让手机在"));
    await shoot("upload-phone");
    server.joinPhone({ endedAt: server.now(), heard: server.now() - 60e6 }, { stage: "send", recording: false, unsent: { bytes: 84_200_000, seconds: 340 } });
    server.pushPhone();
    await page.waitForSelector('[data-transfer="phone"][data-state="bad"]');
    await page.waitForSelector('[data-testid="may-close"][data-tone="warn"]');
    expect(await page.textContent('[data-todo="phone"]')).toContain("录像仍在手机上");
    await shoot("upload-phone-silent");
    server.phoneSends = false;
    await at("finished");
    await page.waitForSelector('[data-step="finished"] [data-testid="may-close"][data-tone="good"]');
    await shoot("finished");
  });
});
