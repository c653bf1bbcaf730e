// Looks at a candidate's phone in a real Chromium, as support does. Prints a line of JSON when the phone is seen to film, and one when it is
// seen to be silent; sideview_test.go judges them.
//
// Arguments: ADDRESS PASSWORD FOLDER-FOR-PICTURES

import { launch, open, signIn } from "./launch.mjs";

const [address, password, folder] = process.argv.slice(2);
const browser = await launch();
try {
  const context = await browser.newContext({ viewport: { width: 1366, height: 768 }, locale: "zh-CN" });
  const { page, faults } = await open(context);
  const shoot = (name) => page.screenshot({ path: `${folder}/sideview-${name}.png` });
  await signIn(page, address, "admin", password);
  await page.waitForURL((url) => url.pathname === "/exams");
  await page.goto(`${address}/exams/morning/candidates`);
  const row = page.getByTestId("candidate").filter({ hasText: "2026001" });
  const badge = row.getByTestId("phone-badge");
  await badge.filter({ hasText: "正在拍摄" }).waitFor();
  const films = await badge.innerText();
  await shoot("list");
  await row.getByTestId("open").click();
  const panel = page.getByTestId("phone");
  await page.waitForFunction(() => document.querySelector('[data-testid="phone-still"]')?.naturalWidth > 0);
  const width = await page.evaluate(() => document.querySelector('[data-testid="phone-still"]').naturalWidth);
  await panel.scrollIntoViewIfNeeded();
  await shoot("panel");
  const facts = await panel.locator("dl").innerText();
  console.log(JSON.stringify({ opened: true }));
  const began = Date.now();
  await panel.getByTestId("phone-badge").filter({ hasText: "没有消息" }).waitFor();
  const silent = await panel.getByTestId("phone-badge").innerText();
  const after = Date.now() - began;
  await shoot("silent");
  await page.keyboard.press("Escape");
  await shoot("list-silent");
  console.log(JSON.stringify({ films, silent, after, width, facts, faults }));
} finally {
  await browser.close();
}
