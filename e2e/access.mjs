// Whether everybody can use a page: as axe-core sees it, at 200 % zoom, and by keyboard alone.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const axe = readFileSync(fileURLToPath(new URL("../web/node_modules/axe-core/axe.min.js", import.meta.url)), "utf8");

/** A window of 1280 pixels at 200 % (WCAG 2.2, 1.4.4 and 1.4.10). */
const zoomed = { width: 640, height: 400 };

/** What is wrong with a page as it stands, in words; nothing if all is well. */
export async function problems(page, usual) {
  const found = (await violations(page)).map((each) => `axe: ${each}`);
  await page.setViewportSize(zoomed);
  found.push(...(await page.evaluate(cut)).map((each) => `at 200 %: ${each}`));
  await page.setViewportSize(usual);
  return found;
}

async function violations(page) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
  return page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
    return violations.filter((each) => ["serious", "critical"].includes(each.impact)).map((each) => `${each.id}: ${each.help}: ${each.nodes.map((node) => `${node.target} ${node.any[0]?.message ?? ""}`).join("; ")}`);
  });
}

/** Runs in the page: what goes beyond its sides, is cut off, or lies under something else. */
async function cut() {
  const frame = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  await frame();
  const found = [];
  const name = (node) => `${node.tagName.toLowerCase()}${node.id ? `#${node.id}` : ""}.${[...node.classList].join(".")} "${(node.textContent ?? "").trim().slice(0, 30)}"`;
  const root = document.scrollingElement;
  if (root.scrollWidth > innerWidth) found.push(`the page scrolls sideways: ${root.scrollWidth} > ${innerWidth}`);
  const top = document.querySelector("dialog[open]") ?? document.body;
  const seen = (node) => node.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !node.closest("[hidden], .for-ears, [aria-hidden=true], a.skip:not(:focus)");
  for (const node of top.querySelectorAll("*")) {
    if (!(node instanceof HTMLElement) || !seen(node) || node.matches("video, canvas, iframe, progress")) continue;
    const box = node.getBoundingClientRect();
    if (box.width === 0 || box.height === 0) continue;
    const style = getComputedStyle(node);
    if (style.position === "absolute" && style.clipPath !== "none") continue;
    if (box.right > innerWidth + 1 || box.left < -1) found.push(`beyond the side: ${name(node)}`);
    const inside = style.display !== "inline" && node.textContent?.trim();
    if (inside && style.overflowX !== "visible" && node.scrollWidth > node.clientWidth + 1) found.push(`cut or scrolled sideways: ${name(node)}`);
    if (inside && ["hidden", "clip"].includes(style.overflowY) && node.scrollHeight > node.clientHeight + 1) found.push(`cut below: ${name(node)}`);
  }
  for (const node of top.querySelectorAll("button, input, select, textarea, a[href], summary")) {
    if (!seen(node) || node.disabled) continue;
    node.scrollIntoView({ block: "center", behavior: "instant" });
    await frame();
    const box = node.getBoundingClientRect();
    if (box.width === 0) continue;
    const hit = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    if (!hit || !(node.contains(hit) || hit.contains(node) || hit.closest("label")?.contains(node))) found.push(`under something else: ${name(node)}${hit ? `, under ${name(hit)}` : ""}`);
  }
  scrollTo(0, 0);
  return found;
}

/** Presses Tab until the focus is there, as somebody without a mouse does; fails where it cannot be reached or not be seen. */
export async function tabTo(page, selector) {
  await page.waitForSelector(`${selector}:visible:enabled`);
  for (let left = 150; left > 0; left--) {
    const at = await page.evaluate((wanted) => {
      const { activeElement } = document;
      return activeElement?.matches(wanted) ? getComputedStyle(activeElement).outlineStyle !== "none" || getComputedStyle(activeElement).boxShadow !== "none" : null;
    }, selector);
    if (at === true) return;
    if (at === false) throw new Error(`${selector} has the focus, but nothing shows that`);
    await page.keyboard.press("Tab");
  }
  throw new Error(`${selector} cannot be reached by keyboard`);
}
