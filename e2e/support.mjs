// Does in a real Chromium what support does during an exam. Prints one line of JSON; support_test.go judges it.
//
// Arguments: ADDRESS PASSWORD FOLDER-FOR-PICTURES STILL

import { readFileSync } from "node:fs";
import { launch, open, signIn } from "./launch.mjs";

const [address, password, folder, still] = process.argv.slice(2);
const browser = await launch();

/** A candidate who signs in by the API, in a context of their own. */
async function candidateSignsIn() {
  const { request } = await browser.newContext({ baseURL: address, extraHTTPHeaders: { Origin: address } });
  const answer = await request.post("/api/candidate/login", { data: { exam: "morning", ticket: "2026003", idTail: "8901" } });
  if (!answer.ok()) throw new Error(`signing in: ${answer.status()} ${await answer.text()}`);
  const put = await request.put("/api/candidate/stills/login", { data: readFileSync(still), headers: { "Content-Type": "image/jpeg" } });
  if (!put.ok()) throw new Error(`still: ${put.status()} ${await put.text()}`);
}

try {
  const context = await browser.newContext({ viewport: { width: 1366, height: 768 }, locale: "zh-CN" });
  const { page, faults } = await open(context);
  page.setDefaultTimeout(20_000);
  const shoot = async (name) => {
    await page.screenshot({ path: `${folder}/support-${name}.png` });
    await page.setViewportSize({ width: 390, height: 844 });
    await page.screenshot({ path: `${folder}/support-${name}-narrow.png` });
    await page.setViewportSize({ width: 1366, height: 768 });
  };
  await signIn(page, address, "admin", password);
  // The address of the sign-in page ends in /exams as well.
  await page.waitForURL((url) => url.pathname === "/exams");
  await page.goto(`${address}/exams/morning`);
  await page.getByTestId("open-candidates").click();
  const row = (ticket) => page.getByTestId("candidate").filter({ hasText: ticket });
  await row("2026003").waitFor();

  const began = Date.now();
  await candidateSignsIn();
  await row("2026003").getByTestId("review").waitFor();
  const shown = Date.now() - began;
  const waiting = await page.getByTestId("count-login").locator("dd").innerText();
  await shoot("list");

  await page.getByTestId("review-next").click();
  await page.getByTestId("review-person").filter({ hasText: "2026001" }).waitFor();
  await page.locator('[data-testid="approve"]:enabled').waitFor();
  await shoot("review");
  await page.keyboard.press("r");
  await page.getByTestId("refuse-reason").waitFor();
  await shoot("refuse");
  await page.getByTestId("login-review").getByRole("button", { name: "取消" }).click();
  await page.getByTestId("approve").click();
  await page.getByTestId("review-person").filter({ hasText: "2026002" }).waitFor();
  const next = await page.getByTestId("review-person").innerText();
  await page.keyboard.press("Escape");

  await row("2026001").getByTestId("answer").click();
  await page.getByTestId("answer-text").fill("请重新插拔摄像头。");
  await page.getByTestId("answer-send").click();
  await page.getByTestId("panel").locator('[data-from="support"]').waitFor();
  await page.getByTestId("measure-grant").click();
  await page.getByTestId("measure-minutes").fill("5");
  await page.getByTestId("measure-reason").fill("摄像头故障");
  await shoot("grant");
  await page.getByTestId("measure-send").click();
  const extra = await page.getByTestId("extra").innerText();
  await shoot("panel");

  // Somebody else was faster: what the server says then is put in its place, as it takes two to bring it about.
  await page.getByTestId("measure-grant").click();
  await page.getByTestId("measure-minutes").fill("10");
  await page.getByTestId("measure-reason").fill("x");
  await page.route("**/grant", (route) => route.fulfill({ status: 409, contentType: "application/problem+json", body: JSON.stringify({ code: "already", status: 409, title: "Conflict" }) }));
  await page.getByTestId("measure-send").click();
  const conflict = await page.getByTestId("measure").getByRole("alert").innerText();
  await page.keyboard.press("Escape");

  await page.getByTestId("log").click();
  await page.getByTestId("log-table").waitFor();
  const log = await page.locator("[data-kind]").evaluateAll((rows) => rows.map((r) => r.dataset.kind));
  await shoot("log");
  process.stdout.write(JSON.stringify({ shown: String(shown), waiting, next, extra, conflict, log, faults }) + "\n");
} finally {
  await browser.close();
}
