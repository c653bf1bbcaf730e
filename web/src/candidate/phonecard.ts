// What the phone sees and how it fares, with the way to another phone. On the phone's own step it stands in the page, later in a dialog.

import { alarmKey, alarmOf, doingKey, doingOf, isGrave, silentFor, todoKey, type SideView } from "../sideview";
import { api, ApiError } from "./api";
import { confirmDialog } from "./dialog";
import { button, element, setText, show } from "./element";
import { bytes, clockTime, countdown } from "./measures";
import type { Page } from "./page";

/** Codes are read aloud and typed: in two groups they are kept in mind. */
export const grouped = (code: string) => code.replace(/^(.{4})(.{4})$/, "$1 $2");

const facts = ["doing", "pan", "battery", "network", "unsent", "heard"] as const;

export class PhoneCard {
  readonly element: HTMLElement;
  private readonly picture = element("img", { class: "side-still", data: { testid: "phone-still" } });
  private readonly noPicture = element("p", { class: "side-none" });
  private readonly age = element("figcaption", { class: "hint" });
  private readonly said = {} as Record<(typeof facts)[number], HTMLElement>;
  private readonly alarm = element("p", { class: "notice", role: "status", data: { testid: "phone-alarm" } });
  private readonly alarmTitle = element("strong", {});
  private readonly alarmTodo = element("span", {});
  private readonly problem = element("p", { class: "notice", role: "alert", data: { tone: "bad" }, hidden: true });
  private readonly joining: HTMLElement;
  private readonly qr: HTMLImageElement;
  private readonly code = element("output", { class: "code", data: { testid: "another-code" } });
  private readonly how = element("p", { class: "hint" });
  private readonly another: HTMLButtonElement;

  constructor(private readonly page: Page) {
    const { t } = page;
    const list = element("dl", { class: "side-facts" });
    for (const fact of facts) {
      this.said[fact] = element("dd", { data: { fact } });
      list.append(element("div", {}, element("dt", {}, t(`side.${fact}`)), this.said[fact]));
    }
    this.alarm.append(this.alarmTitle, this.alarmTodo);
    this.picture.alt = t("side.picture");
    setText(this.noPicture, t("side.noPicture"));
    this.qr = element("img", { class: "qr", alt: t("phone.qrAlt"), width: 200, height: 200 });
    const waiting = element("p", { class: "waiting-line", role: "status" }, element("span", { class: "pulse", "aria-hidden": "true" }), t("side.anotherWaiting"));
    this.joining = element("div", { class: "side-joining" }, element("div", { class: "pair" }, this.qr, element("div", {}, this.how, this.code)), waiting);
    this.another = button(t("side.another"), () => this.change(), { data: { testid: "another-phone" } });
    const view = element("figure", { class: "side-view" }, element("div", { class: "side-frame" }, this.picture, this.noPicture), this.age);
    this.element = element("div", { class: "side-card" }, this.alarm, element("div", { class: "side-both" }, view, list), this.problem, this.joining, element("div", { class: "actions" }, this.another));
  }

  update(): void {
    const { page } = this;
    const phone = page.state?.phone;
    const view = phone?.bound;
    if (!view) return;
    const now = page.clock.now() ?? page.state!.serverTime;
    this.drawPicture(view, now);
    this.drawFacts(view, now);
    const { t } = page;
    const alarm = page.connection.ok ? alarmOf(view, now) : null;
    show(this.alarm, alarm !== null);
    if (alarm) {
      this.alarm.dataset.tone = isGrave(alarm) ? "bad" : "warn";
      setText(this.alarmTitle, t(alarmKey(alarm), { seconds: Math.floor(silentFor(view, now) / 1e6) }));
      setText(this.alarmTodo, t(todoKey(alarm)));
    }
    show(this.joining, Boolean(phone.code));
    show(this.another, !phone.code && page.state!.attempt.step !== "finished");
    if (!phone.code) return;
    // Only a picture that the answer itself brings: no address is fetched from here.
    if (phone.qr?.startsWith("data:image/") && this.qr.getAttribute("src") !== phone.qr) this.qr.src = phone.qr;
    setText(this.code, grouped(phone.code));
    setText(this.how, t("side.anotherCode", { address: phone.url?.split("?")[0] ?? "" }));
  }

  private drawPicture(view: SideView, now: number): void {
    const source = view.still === null ? "" : api.phoneStill(view.still);
    show(this.picture, source !== "");
    show(this.noPicture, source === "");
    if (source && this.picture.getAttribute("src") !== source) {
      // The one before stays until the next one is here: no flicker.
      const next = new Image();
      next.onload = () => (this.picture.src = source);
      next.src = source;
      if (!this.picture.getAttribute("src")) this.picture.src = source;
    }
    setText(this.age, view.still === null ? "" : this.page.t("side.pictureAge", { seconds: Math.max(0, Math.round((now - view.still) / 1e6)) }));
  }

  private drawFacts(view: SideView, now: number): void {
    const { t, lang } = this.page;
    const { status, pan } = view;
    const silent = silentFor(view, now);
    const doing = doingOf(view);
    setText(this.said.doing, t(doingKey(doing)));
    this.said.doing.dataset.state = silent || doing === "stopped" ? "bad" : doing === "film" ? "recording" : "";
    setText(this.said.pan, pan === null ? t("side.panNone") : pan.way === "sensor" ? t("side.panSensor", { degrees: pan.degrees }) : t("side.panTimed"));
    const { battery, network, unsent } = status ?? { battery: null, network: null, unsent: null };
    setText(this.said.battery, battery ? t(battery.charging ? "side.charging" : "side.notCharging", { percent: Math.round(battery.level * 100) }) : status ? t("side.unknown") : "–");
    setText(this.said.network, !network ? "–" : !network.online ? t("side.offline") : network.type ? t("side.onlineBy", { type: network.type }) : t("side.online"));
    setText(this.said.unsent, !unsent ? "–" : unsent.bytes === 0 ? t("side.nothingUnsent") : t("side.lag", { bytes: bytes(unsent.bytes), seconds: Math.round(unsent.seconds) }));
    setText(this.said.heard, silent ? t("side.silentSince", { time: clockTime(view.heard, lang, now), length: countdown(silent) }) : t("side.heardNow"));
    this.said.heard.dataset.state = silent ? "bad" : "";
  }

  private async change(): Promise<void> {
    const { page } = this;
    const { t } = page;
    const { step } = page.state!.attempt;
    const early = !page.state!.attempt.done.entry && step !== "upload";
    const text = [element("p", {}, t("side.anotherText")), early && element("p", {}, t("side.anotherEarly"))];
    if (!(await confirmDialog(t("side.anotherTitle"), text, t("side.anotherYes"), t("side.anotherNo")))) return;
    show(this.problem, false);
    try {
      await page.askForPhone();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setText(this.problem, t("side.anotherFailed"));
      show(this.problem, true);
    }
  }
}
