// 拍摄: hours in which nobody touches the phone. Dark, for its battery, its heat and its screen; what is shown moves a little now and then.

import { SelfView } from "../../candidate/levelmeter";
import { confirmDialog, openDialog } from "../../candidate/dialog";
import { button, element, setText, show } from "../../candidate/element";
import { bytes, clockTime } from "../../candidate/measures";
import type { PhonePage, StepView } from "../page";
import { networkNow } from "../network";
import { unsent } from "../status";

/** Seconds without a touch after which the page gets darker, and for which the picture is shown. */
const dimAfter = 20;
const shownFor = 10;
/** Where the text stands, one place after the other, in pixels: the same pixels for hours are burnt in. */
const places = [[0, 0], [10, -14], [-12, 8], [6, 16], [-8, -10], [14, 4]] as const;
const movesEvery = 45;

/** 1:02:03, from milliseconds. */
export function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map((n, i) => (i === 0 ? String(n) : String(n).padStart(2, "0"))).join(":");
}

export function filmStep(page: PhonePage): StepView {
  const { t } = page;
  const state = element("p", { class: "film-state", role: "status", data: { testid: "film-state" } });
  const time = element("p", { class: "film-time", "aria-live": "off" });
  const facts = { waiting: element("li"), battery: element("li"), line: element("li"), until: element("li") };
  const view = new SelfView(t("mobile.place.view"));
  view.element.hidden = true;
  const look = button(t("mobile.film.look"), () => {
    shown = shownFor;
    update();
  }, { class: "dim", data: { testid: "film-look" } });
  const stop = button(t("mobile.film.stop"), async () => {
    // The rules let a phone end after the answering only: who has to stop before that asks for another phone.
    if (!page.state?.attempt.ended) return explain();
    if (await confirmDialog(t("mobile.film.stopTitle"), [element("p", {}, t("mobile.film.stopText"))], t("mobile.film.stopYes"), t("mobile.film.stopNo"), true)) await page.end();
  }, { class: "dim", data: { testid: "film-stop" } });
  const content = element("div", { class: "film-content" }, state, time, element("ul", { class: "film-facts" }, facts.waiting, facts.battery, facts.line, facts.until));
  const root = element("section", { class: "step film" }, element("h1", { class: "for-ears" }, t("mobile.film.title")), content, view.element, element("div", { class: "film-actions" }, look, stop));
  function explain(): void {
    const dialog = openDialog(t("mobile.film.notYetTitle"), {}, element("p", {}, t("mobile.film.notYetText")), button(t("mobile.film.stopNo"), () => dialog.close(), { class: "primary large", data: { testid: "dialog-no" } }));
  }
  let untouched = 0;
  let shown = 0;
  let seconds = 0;
  const touch = () => {
    untouched = 0;
    root.classList.remove("dimmed");
  };
  for (const type of ["pointerdown", "keydown"]) document.addEventListener(type, touch);

  function filmed(): number {
    return (page.captured?.takes ?? []).filter((take) => take.attempt === page.state?.attempt.id).reduce((sum, take) => sum + (take.live && !take.ended ? performance.now() - take.began.monotonic / 1000 : take.length), 0);
  }

  function update(): void {
    const { captured } = page;
    if (!captured || !page.state) return;
    const { recording } = captured.recordings.phone;
    const over = page.state.attempt.ended;
    root.dataset.recording = String(recording);
    setText(state, t(!recording ? "mobile.film.not" : over ? "mobile.film.over" : "mobile.film.on"));
    setText(time, duration(filmed()));
    const left = unsent(captured.takes, page.state.attempt.id);
    setText(facts.waiting, left.bytes === 0 ? t("mobile.film.allSent") : t("mobile.film.waiting", { bytes: bytes(left.bytes), seconds: left.seconds }));
    const { battery } = page;
    show(facts.battery, battery !== null);
    if (battery) setText(facts.battery, t(battery.charging ? "mobile.film.charging" : "mobile.film.battery", { percent: Math.round(battery.level * 100) }));
    setText(facts.line, t(!networkNow().online ? "mobile.film.offline" : page.connected ? "mobile.film.online" : "mobile.film.unreachable"));
    const end = page.state.times?.end;
    show(facts.until, Boolean(end) && !over && page.state.policy.end === "attempt");
    if (end) setText(facts.until, t("mobile.film.until", { time: clockTime(end, page.lang, page.state.serverTime) }));
    show(view.element, shown > 0);
    view.show(shown > 0 ? (page.capture?.preview.camera ?? null) : null);
    view.element.classList.toggle("plain", page.facing === "environment");
  }

  return {
    element: root,
    update,
    second() {
      seconds++;
      untouched++;
      shown = Math.max(0, shown - 1);
      root.classList.toggle("dimmed", untouched > dimAfter);
      if (seconds % movesEvery === 0) {
        const [x, y] = places[(seconds / movesEvery) % places.length]!;
        content.style.transform = `translate(${x}px, ${y}px)`;
      }
      update();
    },
    leave() {
      for (const type of ["pointerdown", "keydown"]) document.removeEventListener(type, touch);
    },
  };
}
