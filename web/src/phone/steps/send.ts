// 上传: until the server has signed for every byte, and not a moment less.

import { button, element, setText, show } from "../../candidate/element";
import { bytes, clockTime, countdown, speed } from "../../candidate/measures";
import type { PhonePage, StepView } from "../page";
import { overBecause } from "../stepnow";

export function sendStep(page: PhonePage): StepView {
  const { t } = page;
  const title = element("strong", {}, t("mobile.send.stay"));
  const verdict = element("div", { class: "notice big", role: "status", data: { testid: "may-close", tone: "warn" } }, title, element("span", {}, t("mobile.send.stayText")));
  const bar = element("progress", { max: 1, value: 0, "aria-label": t("mobile.send.progress") });
  const said = element("p", { class: "send-said" });
  const pace = element("p", { class: "hint" });
  const deadline = element("p", { class: "hint" });
  const saved = element("p", { class: "hint", role: "status" });
  const save = button(t("mobile.send.save"), async () => setText(saved, t("mobile.send.saved", { n: await saveTakes(page) })), { data: { testid: "export" } });
  const why = page.state && overBecause(page.state, page.owing);
  return {
    element: element(
      "section",
      { class: "step" },
      element("h1", {}, t("mobile.send.title")),
      element("p", { class: "lead" }, t(`mobile.send.${why ?? "hand"}`)),
      verdict,
      element("div", { class: "panel" }, bar, said, pace),
      deadline,
      element("details", { class: "saving" }, element("summary", {}, t("mobile.send.lastResort")), element("p", {}, t("mobile.send.lastResortText")), save, saved),
    ),
    update() {
      const { captured, state } = page;
      if (!captured || !state) return;
      const own = captured.takes.filter((take) => take.attempt === state.attempt.id);
      const all = own.reduce((sum, take) => sum + take.recorded, 0);
      const safe = own.reduce((sum, take) => sum + (take.receipt ? take.recorded : take.stored), 0);
      const part = all > 0 ? safe / all : 0;
      // A bar that is full says nothing of the server's signature; the words do.
      bar.value = captured.unsigned === 0 && all > 0 ? 1 : Math.min(part, 0.999);
      if (captured.recovering) setText(said, t("mobile.send.looking"));
      else if (part >= 1 || all === 0) setText(said, t("mobile.send.checking"));
      else setText(said, t("send.part", { safe: bytes(safe), all: bytes(all), percent: Math.floor(part * 100) }));
      show(pace, part < 1 && captured.rate > 0);
      setText(pace, t("send.pace", { speed: speed(captured.rate), left: countdown(captured.rate > 0 ? (((all - safe) * 8) / captured.rate) * 1e6 : 0) }));
      const until = state.times?.upload;
      show(deadline, Boolean(until));
      if (until) setText(deadline, t("mobile.send.deadline", { time: clockTime(until, page.lang, state.serverTime) }));
    },
  };
}

/** Gives what is not signed for to the phone as files, for the case that nothing else helps; how many it could. */
async function saveTakes(page: PhonePage): Promise<number> {
  let n = 0;
  for (const take of page.captured!.takes.filter((each) => !each.receipt && each.recorded > 0)) {
    const media = await page.capture!.exportTake(take.take);
    if (!media) continue;
    const url = URL.createObjectURL(media);
    element("a", { href: url, download: `trivue-${page.state?.ticket ?? ""}-phone-${take.take}.${take.mime.includes("mp4") ? "mp4" : "webm"}` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000); // the browser reads it after the click
    n++;
  }
  return n;
}
