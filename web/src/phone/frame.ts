// Around every step: the exam, what is wrong and what to do, and the alarm that covers everything while nothing is filmed.

import { button, element, setChildren, setText, show } from "../candidate/element";
import { bytes } from "../candidate/measures";
import type { Key } from "../i18n";
import type { PhonePage } from "./page";
import { mark, warning } from "./pictures";
import { unsent } from "./status";
import type { Step } from "./stepnow";
import { isFilming, stopsFilming, type Trouble } from "./trouble";

export interface FrameActions {
  switchLanguage(): void;
  tap(): Promise<void>;
}

/** What a tap can end. */
const tappable: readonly Trouble[] = ["tap", "camera-lost", "muted"];

export class Frame {
  readonly main = element("main", { id: "main" });
  private readonly brand = element("span", { class: "brand-name" });
  private readonly exam = element("p", { class: "exam-title" });
  private readonly language = button("", () => this.actions.switchLanguage(), { class: "quiet", data: { testid: "language" } });
  private readonly banner = element("section", { class: "banner", hidden: true, data: { testid: "trouble" } });
  private readonly alarm = element("section", { class: "alarm", hidden: true, role: "alert", data: { testid: "alarm" } });
  private readonly lamps = element("p", { class: "lamps" });
  private readonly recording = element("span", { class: "lamp", data: { lamp: "recording" } });
  private readonly waiting = element("span", { class: "unsent" });
  private readonly line = element("span", { class: "lamp", data: { lamp: "connection" } });
  private readonly spoken = element("p", { class: "for-ears", role: "status" });
  private drawn = "";

  constructor(
    root: HTMLElement,
    sampler: HTMLElement,
    private readonly actions: FrameActions,
  ) {
    this.lamps.append(this.recording, this.waiting, this.line);
    const header = element("header", { class: "top" }, element("p", { class: "brand" }, mark(), this.brand), this.language);
    root.replaceChildren(header, this.exam, this.banner, this.main, this.lamps, this.alarm, this.spoken, sampler);
  }

  update(page: PhonePage, step: Step, loaded: boolean): void {
    const { t, state, captured } = page;
    setText(this.brand, t("app.name"));
    setText(this.language, t("language.switch"));
    setText(this.exam, state ? state.exam.title + (state.exam.rehearsal ? ` · ${t("frame.rehearsal")}` : "") : "");
    const recording = captured?.recordings.phone.recording ?? false;
    document.body.dataset.recording = String(recording);
    show(this.lamps, state !== null && step !== "film");
    show(this.recording, isFilming(step));
    this.recording.dataset.state = recording ? "recording" : "bad";
    setText(this.recording, t(recording ? "mobile.lamp.recording" : "mobile.lamp.off"));
    this.line.dataset.state = page.connected ? "good" : "bad";
    setText(this.line, t(page.connected ? "frame.connected" : "frame.lost"));
    const left = captured && state ? unsent(captured.takes, state.attempt.id) : { bytes: 0, seconds: 0 };
    show(this.waiting, left.bytes > 0);
    setText(this.waiting, t("frame.unsent", { bytes: bytes(left.bytes) }));
    const { trouble } = page;
    const tab = captured?.tab === "elsewhere";
    const offline = loaded && state !== null && !page.connected && !stopsFilming(trouble) ? "offline" : null;
    // A line that is gone is told before a picture that could be better.
    const lesser = offline !== null && (trouble === "dark" || trouble === "moving");
    const key = `${page.lang} ${trouble} ${tab} ${offline} ${step === "film"}`;
    if (key === this.drawn) return;
    this.drawn = key;
    this.drawBanner(page, tab ? "elsewhere" : trouble !== null && !lesser && !stopsFilming(trouble) && trouble !== "network" ? trouble : offline);
    this.drawAlarm(page, stopsFilming(trouble) ? trouble : null);
  }

  announce(text: string): void {
    setText(this.spoken, text);
  }

  private drawBanner(page: PhonePage, what: Exclude<Trouble, "network"> | "elsewhere" | "offline" | null): void {
    show(this.banner, what !== null);
    this.banner.dataset.trouble = what ?? "";
    this.banner.dataset.tone = what === "frozen" || what === "elsewhere" ? "bad" : "warn";
    this.banner.setAttribute("role", "status");
    if (what) setChildren(this.banner, element("strong", {}, page.t(`mobile.trouble.${what}` as Key)), element("span", {}, page.t(`mobile.todo.${what}` as Key)));
    else setChildren(this.banner);
  }

  private drawAlarm(page: PhonePage, trouble: Trouble | null): void {
    show(this.alarm, trouble !== null);
    this.alarm.dataset.trouble = trouble ?? "";
    if (!trouble) return setChildren(this.alarm);
    const { t } = page;
    const tap = tappable.includes(trouble) ? button(t("mobile.goOn"), () => this.actions.tap(), { class: "large", data: { testid: "tap" } }) : null;
    const support = page.state?.exam.support;
    setChildren(
      this.alarm,
      warning(),
      element("h2", {}, t(`mobile.trouble.${trouble}` as Key)),
      element("p", {}, t(`mobile.todo.${trouble}` as Key)),
      tap,
      support ? element("p", { class: "alarm-support" }, t("frame.support", { number: support })) : null,
    );
  }
}
