// 答题: the question, its time, oneself, and a way to get help; everything on one screen.

import type { Question } from "../api";
import { confirmDialog } from "../dialog";
import { button, element, setChildren, setText, show } from "../element";
import { LevelMeter, SelfView } from "../levelmeter";
import { markdown } from "../markdown";
import { countdown, maskName, maskTicket } from "../measures";
import type { Page, Step } from "../page";
import { current } from "../questions";
import { SheetPrompt } from "./sheet";

/** The time that is left is read out at these seconds only. */
const announced = [300, 60, 30, 10];

export function answeringStep(page: Page): Step {
  const { t } = page;
  const paper = page.state?.policy.timing === "paper";
  const view = new SelfView(t("devices.preview"), page.state?.policy.face === "blurred");
  const meter = new LevelMeter();
  const sheet = new SheetPrompt(page, view.element);
  const gotten = element("span", { class: "hint", role: "status" });
  const get = button(
    t("answer.get"),
    async () => {
      await page.getQuestions();
      const { questions } = page;
      setText(gotten, t(questions && questions.questions.length > 0 ? "answer.gotten" : "answer.notGotten"));
    },
    { data: { testid: "get-questions" } },
  );
  const tabs = element("div", { class: "question-tabs", role: "group", "aria-label": t("answer.questions") });
  const heading = element("h2", { class: "question-title" });
  const text = element("div", { class: "question-text", tabindex: 0, role: "region", "aria-label": t("answer.question"), data: { testid: "question" } });
  const phase = element("p", { class: "phase" });
  const timer = element("p", { class: "timer", role: "timer", data: { testid: "timer" } });
  const bar = element("span", { class: "time-bar", "aria-hidden": "true" }, element("span", {}));
  const total = element("p", { class: "hint total" });
  const badge = element("span", { class: "badge", hidden: true });
  const help = button(t("answer.help"), () => page.openHelp(), { data: { testid: "help" } });
  help.append(badge);
  const end = button(t("answer.end"), finish, { class: "danger-quiet", data: { testid: "end" } });
  const full = button(t("answer.fullscreen"), () => document.documentElement.requestFullscreen?.().catch(() => undefined), { class: "quiet" });
  const { name = "", ticket: number = "" } = page.state?.candidate ?? {};
  const who = element("span", { class: "who-is", data: { testid: "ticket" } });
  const reveal = button("", () => ((revealed = !revealed), drawTicket()), { class: "quiet", data: { testid: "reveal" } });
  const ticket = element("p", { class: "ticket" }, who, reveal);
  /** Whether name and number stand there in full: the screen is recorded, and reviewers are not to know whose it is. */
  let revealed = false;
  /** The question that the candidate looks at; null follows the one that is being answered. */
  let chosen: string | null = null;
  let drawn = "";
  let last = "";

  async function finish(): Promise<void> {
    const all = page.questions;
    const left = all ? all.total - all.questions.length : 0;
    const now = page.clock.now();
    const until = page.state?.times?.end;
    const warning = left > 0 ? t("answer.endLeft", { n: left }) : until && now !== null && until > now ? t("answer.endTime", { left: countdown(until - now) }) : "";
    const text = [element("p", {}, t("answer.endText")), warning && element("p", { class: "notice", data: { tone: "bad" } }, warning)];
    if (await confirmDialog(t("answer.endTitle"), text, t("answer.endYes"), t("answer.endNo"), true)) await page.end();
  }

  function draw(): void {
    const all = page.questions?.questions ?? [];
    const now = page.clock.now();
    const asked = current(all, now);
    // A new question is what one must see, wherever one was.
    if (asked && asked.question.id !== last) {
      last = asked.question.id;
      if (!paper) chosen = null;
    }
    const shown: Question | undefined = all.find((each) => each.id === chosen) ?? (paper ? all[0] : asked?.question);
    const key = JSON.stringify([shown, all.map((each) => each.id), asked?.question.id, page.questions?.total]);
    if (key !== drawn) {
      drawn = key;
      setText(heading, shown ? t("answer.number", { n: shown.number, of: page.questions?.total ?? all.length }) : t("answer.none"));
      setChildren(text, shown ? markdown(shown.text) : element("p", { class: "hint" }, t("answer.noneText")));
      text.scrollTop = 0;
      const focused = tabs.contains(document.activeElement);
      setChildren(tabs, ...(all.length > 1 ? all.map((each) => tabOf(each, each.id === shown?.id, each.id === asked?.question.id)) : []));
      if (focused) tabs.querySelector<HTMLElement>('[aria-pressed="true"]')?.focus();
    }
  }

  function drawTicket(): void {
    setChildren(who, element("strong", {}, revealed ? name : maskName(name)), " ", revealed ? number : maskTicket(number));
    setText(reveal, t(revealed ? "answer.hide" : "answer.reveal"));
  }

  function tabOf(question: Question, selected: boolean, now: boolean): HTMLElement {
    const made = button(String(question.number), () => ((chosen = now && !paper ? null : question.id), page.changed()), { "aria-pressed": String(selected), "aria-label": t("answer.number", { n: question.number, of: page.questions?.total ?? 0 }), class: "tab" });
    if (now && !paper) made.dataset.now = "";
    return made;
  }

  function second(): void {
    const now = page.clock.now();
    const asked = current(page.questions?.questions ?? [], now);
    const end = page.state?.times?.end ?? null;
    const until = paper || !asked ? end : asked.until;
    const over = !paper && asked?.phase === "over";
    setText(phase, t(!asked ? "answer.phase.none" : paper ? "answer.phase.paper" : `answer.phase.${asked.phase}`));
    phase.dataset.phase = asked?.phase ?? "";
    setText(timer, now === null || until === null ? "--:--" : countdown(over ? 0 : until - now));
    if (now === null || until === null) return;
    const from = paper ? (page.state?.times?.start ?? now) : asked ? (asked.phase === "prepare" ? asked.question.from : asked.question.answerFrom) : now;
    const left = Math.max(0, Math.min(1, (until - now) / Math.max(1, until - from)));
    (bar.firstElementChild as HTMLElement).style.transform = `scaleX(${over ? 0 : left.toFixed(4)})`;
    const seconds = Math.ceil((until - now) / 1e6);
    timer.dataset.soon = String(asked?.phase === "answer" && seconds <= 30);
    if (asked && !over && announced.includes(seconds)) page.announce(t("answer.leftSpoken", { left: countdown(until - now), phase: phase.textContent ?? "" }));
    show(total, !paper && end !== null);
    if (end !== null) setText(total, t("answer.total", { left: countdown(end - now) }));
  }

  drawTicket();
  return {
    element: element(
      "section",
      { class: "answering" },
      element(
        "div",
        { class: "question-panel" },
        element("div", { class: "question-head" }, get, gotten, element("h1", { class: "for-ears" }, t("answer.title")), tabs),
        sheet.element,
        heading,
        text,
      ),
      element(
        "aside",
        { class: "side", "aria-label": t("answer.side") },
        element("div", { class: "clock" }, phase, timer, bar, total),
        element("div", { class: "self" }, view.element, meter.element),
        ticket,
        element("div", { class: "side-actions" }, help, full, end),
      ),
    ),
    update() {
      draw();
      sheet.update();
      view.show(page.capture?.preview.camera ?? null);
      meter.listen(page.capture?.preview.microphone ?? null);
      show(full, document.fullscreenElement === null && document.fullscreenEnabled);
      const { unread } = page;
      show(badge, unread > 0);
      setText(badge, unread > 0 ? String(unread) : "");
    },
    second,
    leave() {
      meter.stop();
    },
  };
}
