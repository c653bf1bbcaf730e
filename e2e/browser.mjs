// Drives a real Chromium through the whole of a reviewer's way: sign in, create an exam, upload three recordings, wait, play, and
// read the time-codes off the pictures that are on screen together. Prints one line of JSON; e2e_test.go judges it.
//
// Arguments: ADDRESS PASSWORD FOLDER-FOR-PICTURES camera=FILE screen=FILE phone=FILE…

import { launch, open, signIn } from "./launch.mjs";

const [address, password, folder, ...files] = process.argv.slice(2);
const browser = await launch();
try {
  const { page, faults } = await open(await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "zh-CN" }));
  await signIn(page, address, "admin", password);
  await page.getByTestId("exam-title").fill("端到端测试");
  await page.getByTestId("exam-create").click();
  await page.getByTestId("attempt-ticket").fill("E2E-001");
  await page.getByTestId("attempt-create").click();
  for (const kind of ["camera", "screen", "phone"]) {
    const paths = files.filter((f) => f.startsWith(`${kind}=`)).map((f) => f.slice(kind.length + 1));
    await page.getByTestId(`file-${kind}`).setInputFiles(paths);
  }
  await page.locator('[data-testid="attempt-state"][data-state="ready"], [data-testid="attempt-state"][data-state="failed"]').waitFor();
  await page.screenshot({ path: `${folder}/attempt.png`, fullPage: true });
  await page.getByTestId("open-review").click();
  await page.waitForFunction(() => window.trivuePlayer?.ready());
  const attempt = page.url().split("/").pop();
  const timeline = await page.evaluate((id) => fetch(`/api/attempts/${id}/timeline`).then((r) => r.json()), attempt);

  const reference = timeline.recordings[0].takes[0].start;
  await page.evaluate((at) => window.trivuePlayer.seek(at), reference + 6);
  await page.waitForFunction(() => window.trivuePlayer.ready());
  await page.getByTestId("play").click();
  const shots = [];
  for (let i = 0; i < 10; i++) {
    await page.waitForTimeout(300);
    // All three in one task of the page, so that no picture changes between them.
    shots.push(
      await page.evaluate(() => ({
        now: window.trivuePlayer.now(),
        errors: window.trivuePlayer.errors(),
        pictures: Object.fromEntries(
          ["camera", "screen", "phone"].map((kind) => {
            const video = document.querySelector(`[data-testid="view-${kind}"] video:not([hidden])`);
            if (!video || video.readyState < 2) return [kind, null];
            const canvas = document.createElement("canvas");
            canvas.width = video.videoWidth;
            canvas.height = video.videoHeight;
            canvas.getContext("2d").drawImage(video, 0, 0);
            return [kind, canvas.toDataURL("image/png").split(",")[1]];
          }),
        ),
      })),
    );
  }
  await page.screenshot({ path: `${folder}/review.png` });
  process.stdout.write(JSON.stringify({ timeline, shots, faults, attempt }) + "\n");
} finally {
  await browser.close();
}
