// 进入考试: opens by the server's clock; entering opens the devices, and recording begins.

import { DeviceError } from "../../capture/capture";
import { ApiError } from "../api";
import { isExtended } from "../checks/machine";
import { button, element, setText, show } from "../element";
import { clockTime, countdown } from "../measures";
import { chosenDevices } from "../memory";
import type { Page, Step } from "../page";
import { shareProblem } from "../sharing";
import { todoFor } from "../wrongs";

export function entryStep(page: Page): Step {
  const { t } = page;
  const timer = element("p", { class: "big-timer", role: "timer" });
  const timerLabel = element("p", { class: "label" });
  const note = element("div", { class: "notice", role: "status", data: { testid: "entry-note" } });
  const problem = element("p", { class: "notice", role: "alert", hidden: true, data: { tone: "bad", testid: "entry-problem" } });
  const single = element("input", { type: "checkbox", id: "single-display" });
  const displays = element(
    "div",
    { class: "notice", hidden: true, data: { tone: "bad", testid: "displays" } },
    element("strong", {}, t("devices.displaysMore")),
    element("span", {}, t("devices.displaysTodo")),
    element("label", { class: "check-line" }, single, t("entry.single")),
  );
  const enter = button(t("entry.enter"), go, { class: "primary large", data: { testid: "enter" } });
  const refreshed = element("span", { class: "hint", role: "status" });
  const refresh = button(t("entry.refresh"), () => page.refresh().then(() => setText(refreshed, t("entry.refreshed")), () => setText(refreshed, t("wrong.lostTodo"))), { data: { testid: "refresh" } });
  single.addEventListener("change", () => page.changed());
  let entering = false;
  let wasOpen = false;

  async function go(): Promise<void> {
    const capture = page.capture;
    if (!capture) return fail("wrong.lostTodo");
    entering = true;
    show(problem, false);
    try {
      // The picker of screens needs the click, so it comes first.
      if (!capture.state.devices.screen.open) await capture.useScreen();
    } catch (error) {
      return fail(shareProblem(error));
    }
    try {
      const { camera, microphone } = capture.state.devices;
      if (!camera.open || !microphone.open) await capture.useCamera(chosenDevices());
    } catch (error) {
      return fail(todoFor(error instanceof DeviceError ? error.problem : null));
    }
    try {
      page.entered();
      await page.do("entry", { run: capture.run });
    } catch (error) {
      const code = error instanceof ApiError ? error.code : "";
      if (code === "network") return fail("entry.network");
      await page.refresh().catch(() => undefined);
      return fail(code === "too-late" ? "entry.tooLate" : code === "too-early" ? "entry.tooEarly" : "signin.failedTodo");
    }
  }

  function fail(key: Parameters<Page["t"]>[0]): void {
    entering = false;
    setText(problem, t(key));
    show(problem, true);
    draw();
  }

  /** What the server says, and where it cannot be asked, what its times and its clock say. */
  function verdict(): "open" | "early" | "late" | "unknown" {
    const { state } = page;
    const now = page.clock.now();
    if (!state) return "unknown";
    const { blocked } = state.attempt;
    if (blocked?.code === "too-late") return "late";
    if (state.times === null || state.attempt.done.entry) return "open";
    if (now === null) return blocked ? "early" : "open";
    if (now < state.times.entry) return "early";
    return blocked && blocked.code !== "too-early" ? "unknown" : "open";
  }

  function noteFor(is: ReturnType<typeof verdict>): string {
    const { times, attempt } = page.state!;
    const now = page.clock.now();
    const time = (at: number | undefined) => (at === undefined ? "" : clockTime(at, page.lang, now));
    switch (is) {
      case "late":
        return `${t("entry.tooLate")} ${page.support ? t("frame.support", { number: page.support }) : ""}`;
      case "early":
        return t("entry.notOpen", { time: time(times?.entry ?? attempt.blocked?.from), start: time(times?.start) });
      case "unknown":
        return t("entry.wait");
      case "open":
        if (attempt.done.entry) return t("entry.again");
        if (times === null) return t("entry.rehearsal");
        return now !== null && now >= times.start ? t("entry.late") : t("entry.openText", { start: time(times.start) });
    }
  }

  function draw(): void {
    const { state } = page;
    const now = page.clock.now();
    const is = verdict();
    const times = state?.times ?? null;
    show(displays, isExtended() === true && is !== "late");
    enter.disabled = entering || is === "early" || is === "late" || is === "unknown" || page.captured?.tab !== "here" || (isExtended() === true && !single.checked);
    show(enter, is !== "late");
    if (is === "open" && !wasOpen && !enter.disabled) page.announce(t("entry.open"));
    wasOpen = is === "open";
    note.dataset.tone = is === "late" ? "bad" : is === "open" ? "good" : "info";
    note.dataset.code = is;
    setText(note, noteFor(is));
    const until = is === "early" ? times?.entry : is === "open" && times && now !== null && now < times.start ? times.start : null;
    show(timer, Boolean(until) && now !== null);
    show(timerLabel, Boolean(until) && now !== null);
    if (until && now !== null) {
      setText(timer, countdown(until - now));
      setText(timerLabel, t(is === "early" ? "entry.untilOpen" : "entry.untilStart"));
    }
  }

  return {
    element: element(
      "section",
      { class: "step" },
      element("h1", {}, t("entry.title")),
      element("p", { class: "lead" }, t("entry.lead")),
      element(
        "div",
        { class: "two-columns even" },
        element("div", { class: "panel center" }, timerLabel, timer, note, displays, problem, element("div", { class: "actions center" }, enter, refresh), refreshed),
        element("div", { class: "panel" }, element("h2", {}, t("entry.what")), element("ol", { class: "how" }, ...(["entry.what1", "entry.what2", "entry.what3", "entry.what4"] as const).map((key) => element("li", {}, t(key))))),
      ),
    ),
    update: draw,
    second: draw,
  };
}
