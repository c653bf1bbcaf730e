// Drives a real Chromium through everything that may happen to an upload on the staff page, behind a network that is slow and
// fails on demand. Prints one line of JSON with what came by on the network in each case; upload_test.go judges it.
//
// Argument: JSON of {address, server, control, password, pictures, large, files: {camera: […], screen: […], phone: […]}}

import { launch, open, signIn } from "./launch.mjs";

const given = JSON.parse(process.argv[2]);
const slow = 2_000_000; // bytes per second
const some = 1_000_000; // bytes that have passed when something happens
const report = {};

/** Runs a case, and says on standard error how long it took. */
async function run(name, what) {
  const begun = Date.now();
  report[name] = await what();
  console.error(`${name}: ${Date.now() - begun} ms`);
}

const control = (what, n = 0) => fetch(`${given.control}/${what}?n=${n}`, { method: "POST" });
const journal = async () => (await fetch(`${given.control}/journal`)).json();

/** Polls the journal until something is in it. */
async function journalUntil(what, holds) {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const entries = await journal();
    if (holds(entries)) return entries;
    if (Date.now() > deadline) throw new Error(`waited too long until ${what}: ${JSON.stringify(entries)}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

const underWay = () => journalUntil("an upload is under way", (entries) => entries.some((e) => e.method === "PATCH" && e.running && e.passed > some));
const still = () => journalUntil("no upload runs", (entries) => entries.every((e) => !e.running));

const browser = await launch();
const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "zh-CN" });
const { page, faults } = await open(context);
page.on("dialog", (dialog) => void dialog.accept());
const transfer = (state) => page.locator(`[data-testid="transfer"][data-state="${state}"]`);
const take = (state) => page.locator(`[data-testid="take"][data-state="${state}"]`);
const file = (kind) => page.getByTestId(`file-${kind}`);

/** How far the server is with the only upload of the journal, as it says itself. */
async function offset() {
  const path = (await journal()).find((e) => e.method === "PATCH").path;
  const answer = await context.request.fetch(given.server + path, { method: "HEAD", headers: { "Tus-Resumable": "1.0.0", Cookie: await cookies() } });
  return Number(answer.headers()["upload-offset"]);
}

const cookies = async () => (await context.cookies()).map((c) => `${c.name}=${c.value}`).join("; ");

let exam = "";
async function newAttempt(ticket) {
  await page.goto(exam);
  await page.getByTestId("attempt-ticket").fill(ticket);
  await page.getByTestId("attempt-create").click();
  await page.getByTestId("recording-camera").waitFor();
  await control("forget");
  return page.url().split("/").pop();
}

/** Drops files as a hand does: the browser itself is told of the drag, and reads the files from the disk. */
async function drop(target, paths) {
  const box = await target.boundingBox();
  const cdp = await context.newCDPSession(page);
  const at = { x: box.x + box.width / 2, y: box.y + Math.min(box.height / 2, 40), data: { items: [], files: paths, dragOperationsMask: 1 } };
  for (const type of ["dragEnter", "dragOver", "drop"]) {
    await cdp.send("Input.dispatchDragEvent", { type, ...at });
    if (type === "dragOver") await page.screenshot({ path: `${given.pictures}/drag.png` });
  }
  await cdp.detach();
}

async function dragAndDrop() {
  const attempt = await newAttempt("DROP-001");
  const here = page.url();
  await drop(page.locator("h1"), given.files.camera);
  await page.getByTestId("recording-camera").waitFor();
  const stayed = page.url() === here && (await transfer("running").count()) === 0;
  for (const kind of ["camera", "screen", "phone"]) await drop(page.getByTestId(`recording-${kind}`), given.files[kind]);
  await page.locator('[data-testid="attempt-state"][data-state="ready"]').waitFor();
  return { attempt, stayed };
}

async function pauseAndResume() {
  const attempt = await newAttempt("PAUSE-001");
  await control("rate", slow);
  await file("camera").setInputFiles(given.large);
  await underWay();
  await page.screenshot({ path: `${given.pictures}/uploading.png` });
  await page.setViewportSize({ width: 390, height: 844 });
  await page.screenshot({ path: `${given.pictures}/uploading-phone.png` });
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.getByTestId("upload-pause").click();
  await transfer("paused").waitFor();
  await still();
  const at = await offset();
  await control("rate");
  // Other pages of the application are no end of an upload.
  await page.locator("a.brand").click();
  await page.locator("a.sending").click();
  const requests = (await journal()).length;
  await page.getByTestId("upload-resume").click();
  await take("received").waitFor();
  return { attempt, at, requests, journal: await journal() };
}

/** Goes on with the attempt before: the file was no recording. */
async function uploadAgain(attempt) {
  await page.locator('[data-testid="attempt-state"][data-state="failed"]').waitFor();
  // What builds on the check that failed does not wait for anything.
  await page.locator('[data-testid="take"] [data-stage="playback"][data-state="skipped"]').waitFor();
  await page.locator('[data-stage="archive"][data-state="skipped"]').waitFor();
  await page.screenshot({ path: `${given.pictures}/failed.png`, fullPage: true });
  const chooser = page.waitForEvent("filechooser");
  await page.getByTestId("upload-again").click();
  await (await chooser).setFiles(given.files.camera);
  await page.locator('[data-testid="attempt-state"][data-state="ready"]').waitFor();
  return { attempt };
}

async function reload() {
  const attempt = await newAttempt("RELOAD-001");
  await control("rate", slow);
  await file("screen").setInputFiles(given.large);
  await underWay();
  await page.reload();
  await take("uploading").waitFor();
  await still();
  const at = await offset();
  const requests = (await journal()).length;
  await control("rate");
  await file("screen").setInputFiles(given.large);
  await take("received").waitFor();
  return { attempt, at, requests, journal: await journal() };
}

async function sessionOver() {
  const attempt = await newAttempt("SESSION-001");
  await control("rate", slow);
  await file("phone").setInputFiles(given.large);
  await underWay();
  // The session ends on the server alone, as it does when its time is over; then the network fails.
  await fetch(`${given.server}/api/session`, { method: "DELETE", headers: { Cookie: await cookies() } });
  await control("cut");
  await page.getByTestId("session-over").waitFor();
  await transfer("signed-out").waitFor();
  await page.screenshot({ path: `${given.pictures}/session.png` });
  await still();
  const requests = (await journal()).length;
  await control("rate");
  await page.getByTestId("login-password").fill(given.password);
  await page.getByTestId("login-submit").click();
  await take("received").waitFor();
  return { attempt, requests, journal: await journal(), dialogs: await page.getByTestId("session-over").count() };
}

/** A proxy that cannot reach the server answers 502, to the question how far the upload is as well. */
async function serverAway() {
  const attempt = await newAttempt("AWAY-001");
  await control("rate", slow);
  await file("camera").setInputFiles(given.large);
  await underWay();
  await control("refuse", 2);
  await control("cut");
  await journalUntil("it was refused", (entries) => entries.filter((e) => e.status === 502).length === 2);
  await control("rate");
  await take("received").waitFor();
  return { attempt, journal: await journal() };
}

/** What a role sees of an attempt. */
async function seenBy(name, attempt) {
  const own = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "zh-CN" });
  const { page, faults } = await open(own);
  await signIn(page, given.server, name, given.password);
  await page.locator("ul.rows a").first().waitFor();
  const manage = await page.getByTestId("exam-create").count();
  await page.goto(`${given.server}/attempts/${attempt}`);
  await page.locator('[data-testid="take"]').first().waitFor();
  await page.screenshot({ path: `${given.pictures}/${name}.png` });
  const upload = await page.locator('input[type="file"], [data-testid="take-remove"], .token').count();
  const review = await page.getByTestId("open-review").count();
  await own.close();
  return { manage, upload, review, faults };
}

try {
  await signIn(page, given.address, "admin", given.password);
  await page.getByTestId("exam-title").fill("上传测试");
  await page.getByTestId("exam-create").click();
  await page.getByTestId("attempt-ticket").waitFor();
  exam = page.url();
  await run("drop", dragAndDrop);
  await run("pause", pauseAndResume);
  await run("again", () => uploadAgain(report.pause.attempt));
  await run("reload", reload);
  await run("session", sessionOver);
  await run("away", serverAway);
  report.roles = {};
  for (const role of ["reviewer", "invigilator"]) report.roles[role] = await seenBy(role, report.drop.attempt);
  report.faults = faults;
  process.stdout.write(JSON.stringify(report) + "\n");
} catch (error) {
  await page.screenshot({ path: `${given.pictures}/fault.png`, fullPage: true }).catch(() => undefined);
  console.error(`done so far: ${Object.keys(report).join(", ")}; the network: ${JSON.stringify(await journal())}; faults: ${faults.join("; ")}`);
  throw error;
} finally {
  await browser.close();
}
