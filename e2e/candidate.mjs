// A candidate's browser by remote control: one command of JSON a line in, one answer a line out. It outlives what it drives: the browser
// can be killed and opened again on the same profile.
//
// node candidate.mjs PROFILE SOUND [phone]
//
// With "phone" what it shows is as large as a phone and felt by fingers.

import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { problems, tabTo } from "./access.mjs";

const require = createRequire(fileURLToPath(new URL("../web/package.json", import.meta.url)));
const { chromium } = require("playwright-core");

const [profile, sound, device] = process.argv.slice(2);
const phone = device === "phone";
const agent = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36";
let chrome = null;
let browser = null;
let page = null;
let byKeyboard = false;
const usual = { width: 1366, height: 768 };
const faults = [];

async function launch() {
  const portFile = join(profile, "DevToolsActivePort");
  rmSync(portFile, { force: true });
  chrome = spawn(
    process.env.CHROMIUM ?? "/usr/bin/chromium",
    ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
      "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--lang=zh-CN", "--accept-lang=zh-CN", "--window-size=1366,768", ...(sound ? [`--use-file-for-fake-audio-capture=${sound}`] : []),
      "--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"],
    { detached: true, stdio: "ignore", env: { ...process.env, LANGUAGE: "zh_CN" } },
  );
  for (let left = 600; !existsSync(portFile) || !readFileSync(portFile, "utf8").includes("\n"); left--) {
    if (left === 0) throw new Error("Chromium does not start");
    await sleep(50);
  }
  const [port] = readFileSync(portFile, "utf8").split("\n");
  browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`);
}

/** Every take on this browser's disk, as the engine keeps it: docs/interview.md. */
async function journal(place) {
  const hex = (bytes) => [...new Uint8Array(bytes)].map((b) => b.toString(16).padStart(2, "0")).join("");
  const root = await navigator.storage.getDirectory();
  const takes = [];
  let folder;
  try {
    folder = await (await root.getDirectoryHandle(place)).getDirectoryHandle("takes");
  } catch {
    return takes;
  }
  for await (const [name, entry] of folder.entries()) {
    const read = async (file) => {
      try {
        return await (await (await entry.getFileHandle(file)).getFile()).arrayBuffer();
      } catch {
        return null;
      }
    };
    const text = async (file) => {
      const bytes = await read(file);
      return bytes && new TextDecoder().decode(bytes);
    };
    const media = (await read("media")) ?? new ArrayBuffer(0);
    const about = JSON.parse((await text("about.json")) || "{}");
    const end = JSON.parse((await text("end.json")) || "{}");
    takes.push({ take: name, kind: about.kind, began: about.began?.reason, end: end.reason ?? null, bytes: media.byteLength, sha256: hex(await crypto.subtle.digest("SHA-256", media)), receipt: (await text("receipt")) || "" });
  }
  return takes;
}

/** Speaks the protocol to the page itself, for what playwright has no word for. */
async function cdp(method, parameters) {
  const session = await page.context().newCDPSession(page);
  await session.send(method, parameters);
  return session;
}

let emulation = null;
async function becomePhone() {
  emulation = await cdp("Emulation.setDeviceMetricsOverride", { width: 390, height: 844, deviceScaleFactor: 2, mobile: true });
  await emulation.send("Emulation.setTouchEmulationEnabled", { enabled: true, maxTouchPoints: 5 });
  await emulation.send("Emulation.setUserAgentOverride", { userAgent: agent, acceptLanguage: "zh-CN" });
}

const commands = {
  async open({ url }) {
    if (!chrome) await launch();
    page = await browser.contexts()[0].newPage();
    if (phone) await becomePhone();
    else await page.setViewportSize(usual);
    page.setDefaultTimeout(60_000);
    page.on("pageerror", (error) => faults.push(String(error)));
    await page.goto(url);
  },
  async reload() {
    await page.reload();
  },
  async close() {
    await page.close({ runBeforeUnload: false });
  },
  /** kill -9, with all of its processes. */
  async kill() {
    const process_ = chrome;
    chrome = browser = page = null;
    if (!process_) return;
    const gone = new Promise((resolve) => process_.once("exit", resolve));
    process.kill(-process_.pid, "SIGKILL");
    await gone;
    for (const lock of ["SingletonLock", "SingletonSocket", "SingletonCookie"]) rmSync(join(profile, lock), { force: true });
  },
  async at({ step }) {
    await page.waitForSelector(`main [data-step="${step}"]`);
  },
  /** From now on what is pressed and filled in is reached by Tab. */
  async keyboard({ on }) {
    byKeyboard = on;
  },
  async press({ id }) {
    const selector = `[data-testid="${id}"]`;
    if (!byKeyboard) return page.click(`${selector}:visible`);
    await tabTo(page, selector);
    await page.keyboard.press("Enter");
  },
  /** What keeps somebody from using the page as it stands. */
  async problems() {
    return problems(page, usual);
  },
  async click({ selector }) {
    await page.click(selector);
  },
  async fill({ selector, text }) {
    if (!byKeyboard) return page.fill(selector, text);
    await tabTo(page, selector);
    await page.keyboard.insertText(text);
  },
  async key({ key }) {
    await page.keyboard.press(key);
  },
  async wait({ selector, state }) {
    await page.waitForSelector(selector, { state: state ?? "visible" });
  },
  async text({ selector }) {
    return page.textContent(selector);
  },
  async has({ selector }) {
    return (await page.locator(selector).count()) > 0;
  },
  async offline({ on }) {
    await page.context().setOffline(on);
  },
  /** Moves the device's calendar clock, as far as the page can see it. */
  async clock({ by }) {
    await page.evaluate((ms) => {
      const now = Date.now.bind(Date);
      Date.now = () => now() + ms;
    }, by);
  },
  async quota({ origin, bytes }) {
    const session = await page.context().newCDPSession(page);
    await session.send("Storage.overrideQuotaForOrigin", bytes ? { origin, quotaSize: bytes } : { origin });
  },
  /** Bytes of this site on the disk. */
  async used() {
    return page.evaluate(async () => (await navigator.storage.estimate()).usage);
  },
  /** Lets the page have a part of the processor only: 1 for all of it, 3 for a third. */
  async throttle({ rate }) {
    const session = await page.context().newCDPSession(page);
    await session.send("Emulation.setCPUThrottlingRate", { rate });
  },
  /** How long a wait may take. */
  async patience({ ms }) {
    page.setDefaultTimeout(ms);
  },
  /** Runs in every page from now on, before its own script. */
  async prepare({ script }) {
    if (!chrome) await launch();
    await browser.contexts()[0].addInitScript(script);
  },
  /** What is asked for at these addresses does not get through, or does again. */
  async block({ url, on }) {
    if (on) await page.context().route(url, (route) => route.abort());
    else await page.context().unroute(url);
  },
  async journal() {
    return page.evaluate(journal, phone ? "trivue-phone" : "trivue");
  },
  /** Turns a phone that is held upright, by so many degrees in steps of six, at some 60 degrees a second. */
  async turn({ by }) {
    for (let turned = 0; Math.abs(turned) <= Math.abs(by); turned += 6 * (Math.sign(by) || 1)) {
      await emulation.send("DeviceOrientation.setDeviceOrientationOverride", { alpha: (((360 - turned) % 360) + 360) % 360, beta: 88, gamma: 1 });
      await page.waitForTimeout(100);
    }
  },
  /** What a phone's system does for a call or a locked screen: the browser stands still, with all of its processes. (Page.setWebLifecycleState does nothing to a page that playwright keeps in front.) */
  async standstill({ seconds }) {
    process.kill(-chrome.pid, "SIGSTOP");
    await sleep(seconds * 1000);
    process.kill(-chrome.pid, "SIGCONT");
  },
  /** The process that shows the page dies. */
  async crash() {
    const gone = page.waitForEvent("crash");
    void cdp("Page.crash").catch(() => undefined);
    await gone;
    await page.close();
  },
  /** A camera as another app leaves it that takes it away. */
  async loseCamera() {
    await page.evaluate(() => {
      const track = document.querySelector("video.sampler").srcObject.getVideoTracks()[0];
      track.stop();
      track.dispatchEvent(new Event("ended"));
    });
  },
  async picture({ file, width, height, whole }) {
    if (phone) {
      await page.waitForTimeout(500); // a view of the camera that was just drawn anew is black
      const { data } = await emulation.send("Page.captureScreenshot", { format: "jpeg", quality: 82, captureBeyondViewport: false });
      writeFileSync(file, Buffer.from(data, "base64"));
      return;
    }
    await page.setViewportSize({ width: width ?? usual.width, height: height ?? usual.height });
    await page.screenshot({ path: file, type: "jpeg", quality: 82, fullPage: whole ?? false });
    await page.setViewportSize(usual);
  },
  async faults() {
    return faults;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { do: name, ...args } = JSON.parse(line);
  let answer;
  try {
    answer = { result: (await commands[name](args)) ?? null };
  } catch (error) {
    const shown = page && !page.isClosed() ? await page.evaluate(() => document.body.innerText).catch(() => "") : "";
    answer = { error: `${name} ${JSON.stringify(args)}: ${error}\nThe page says:\n${shown}` };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
await commands.kill();
