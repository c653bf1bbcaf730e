// 上传: until the server has signed for every byte, and not a moment less.

import { ApiError } from "../api";
import { element, setText, show } from "../element";
import { clockTime, countdown } from "../measures";
import type { Page, Step } from "../page";
import { TransferPanel } from "../transfer";

const tryEvery = 5;

export function uploadStep(page: Page): Step {
  const { t } = page;
  const panel = new TransferPanel(page);
  const verdict = element("div", { class: "notice big", role: "status", data: { testid: "may-close" } });
  const title = element("strong", {});
  const text = element("span", {});
  verdict.append(title, text);
  const deadline = element("p", { class: "hint" });
  const incomplete = element("p", { class: "notice", role: "status", data: { tone: "warn", testid: "incomplete" }, hidden: true });
  const stay = element("p", { class: "hint" }, t("send.stay"));
  let asking = false;
  let seconds = 0;

  /** Tells the server that everything was sent. It checks that itself. */
  async function tell(): Promise<void> {
    if (asking) return;
    asking = true;
    try {
      await page.do("upload", {});
      incomplete.hidden = true;
    } catch (error) {
      const refused = error instanceof ApiError && error.code === "incomplete";
      incomplete.hidden = !refused;
      if (refused) setText(incomplete, t("send.incomplete", { what: error.problem.detail ?? "" }));
    } finally {
      asking = false;
    }
  }

  return {
    element: element("section", { class: "step" }, element("h1", {}, t("send.title")), verdict, panel.element, incomplete, deadline, stay),
    update() {
      panel.update();
      const ready = page.captured?.mayClose === true;
      // The server has signed for this computer, and there is no more here: only the phone is waited for, and that needs no laptop.
      const onlyPhone = ready && Boolean(page.state?.attempt.laptopSent);
      verdict.dataset.tone = onlyPhone ? "good" : page.signedOut ? "bad" : "warn";
      setText(title, t(onlyPhone ? "side.send.laptopDone" : page.signedOut ? "send.signedOut" : ready ? "send.confirming" : "send.notYet"));
      setText(text, t(onlyPhone ? "side.send.laptopDoneText" : ready ? "send.confirmingText" : "send.notYetText"));
      show(stay, !onlyPhone);
    },
    second() {
      panel.second();
      const now = page.clock.now();
      const until = page.state?.times?.upload;
      const due = page.state?.attempt.laptopSent ? ("side.send.deadline" as const) : ("send.deadline" as const);
      if (now !== null && until) setText(deadline, until > now ? t(due, { time: clockTime(until, page.lang, now), left: countdown(until - now) }) : t("send.late", { time: clockTime(until, page.lang, now) }));
      if (page.captured?.mayClose && !page.signedOut && seconds++ % tryEvery === 0) void tell();
    },
  };
}
