// The system's own Chromium with the harness' page, on a profile that outlives it.

import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { chromium, type Browser, type Page } from "playwright-core";
import { build } from "vite";

export const chromiumPath = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** `make test` says that what is missing is a failure, never a skip. */
export const canRun = existsSync(chromiumPath) || process.env.TRIVUE_REQUIRE_ALL === "1";

/** Builds the harness as the pages are built, and gives the folder. */
export const buildHarness = () => buildPage("harness", "index.html");

/** Builds a page of a folder beside this file, and gives the folder of what was built. */
export async function buildPage(folder: string, page: string): Promise<string> {
  const outDir = mkdtempSync(join(tmpdir(), "trivue-harness-"));
  const root = fileURLToPath(new URL(folder, import.meta.url));
  await build({ configFile: false, logLevel: "error", root, base: "/", build: { target: "es2022", outDir, emptyOutDir: true, rollupOptions: { input: join(root, page) } } });
  return outDir;
}

export class Chromium {
  private process: ChildProcess | null = null;
  private browser: Browser | null = null;
  readonly profile = mkdtempSync(join(tmpdir(), "trivue-profile-"));

  constructor(private readonly extra: string[] = []) {}

  async open(address: string, ready: () => boolean = () => "harness" in window): Promise<Page> {
    if (!this.process) await this.launch();
    const page = await this.browser!.contexts()[0]!.newPage();
    await page.goto(address);
    await page.waitForFunction(ready);
    return page;
  }

  private async launch(): Promise<void> {
    const portFile = join(this.profile, "DevToolsActivePort");
    rmSync(portFile, { force: true });
    this.process = spawn(
      chromiumPath,
      ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
        "--remote-debugging-port=0", `--user-data-dir=${this.profile}`, ...this.extra, "about:blank"],
      { detached: true, stdio: "ignore" },
    );
    for (let left = 300; !existsSync(portFile) || !readFileSync(portFile, "utf8").includes("\n"); left--) {
      if (left === 0) throw new Error("Chromium does not start");
      await sleep(50);
    }
    const [port] = readFileSync(portFile, "utf8").split("\n");
    this.browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`);
  }

  /** kill -9, with all of its processes. */
  async kill(): Promise<void> {
    const process_ = this.process;
    if (!process_) return;
    this.process = this.browser = null;
    const gone = new Promise((resolve) => process_.once("exit", resolve));
    process.kill(-process_.pid!, "SIGKILL");
    await gone;
    for (const lock of ["SingletonLock", "SingletonSocket", "SingletonCookie"]) rmSync(join(this.profile, lock), { force: true });
  }

  async remove(): Promise<void> {
    await this.kill();
    // Its helpers may take a moment longer to let go of the profile.
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}
