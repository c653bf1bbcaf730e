// Around every step: where one is, what is wrong, what is being recorded, and whom to call.

import { button, element, setChildren, setText, show } from "./element";
import { alarmOf, doingKey, doingOf, isGrave, silentFor } from "../sideview";
import { bytes, countdown } from "./measures";
import type { Page } from "./page";
import { Rail } from "./rail";
import type { StepName } from "./api";
import type { Wrong } from "./wrongs";

const svg = "http://www.w3.org/2000/svg";

function mark(): SVGElement {
  const picture = document.createElementNS(svg, "svg");
  picture.setAttribute("viewBox", "0 0 32 32");
  picture.setAttribute("aria-hidden", "true");
  const shape = (name: string, attributes: Record<string, string>) => {
    const made = document.createElementNS(svg, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };
  picture.append(shape("rect", { width: "32", height: "32", rx: "7" }), shape("path", { d: "M7 9h18M7 16h18M7 23h18" }));
  return picture;
}

export interface FrameActions {
  switchLanguage(): void;
  openPhone(): void;
  act(action: NonNullable<Wrong["action"]>): Promise<void> | void;
}

export class Frame {
  readonly main = element("main", { id: "main" });
  private readonly skip = element("a", { class: "skip", href: "#main" });
  private readonly brand = element("span", { class: "brand-name" });
  private readonly tagline = element("span", { class: "tagline" });
  private readonly exam = element("p", { class: "exam-title" });
  private readonly who = element("p", { class: "who" });
  private readonly language = button("", () => this.actions.switchLanguage(), { class: "quiet", data: { testid: "language" } });
  private readonly rail = new Rail();
  private readonly wrongs = element("section", { class: "wrongs", data: { testid: "wrongs" } });
  private readonly spoken = element("p", { class: "for-ears", role: "status" });
  private readonly connection = element("span", { class: "lamp", data: { lamp: "connection" } });
  private readonly recording = element("span", { class: "lamp", data: { lamp: "recording" } });
  private readonly phone = button("", () => this.actions.openPhone(), { class: "lamp", hidden: true, data: { lamp: "phone", testid: "phone-lamp" } });
  private readonly unsent = element("span", { class: "unsent" });
  private readonly support = element("p", { class: "support" });
  private drawnWrongs = "";

  constructor(
    root: HTMLElement,
    private readonly actions: FrameActions,
  ) {
    const brand = element("p", { class: "brand" }, mark(), this.brand, this.tagline);
    const header = element("header", { class: "top" }, brand, this.exam, this.who, this.language);
    const footer = element("footer", { class: "bottom" }, element("p", { class: "lamps" }, this.connection, this.recording, this.phone, this.unsent), this.support);
    root.replaceChildren(this.skip, header, this.rail.element, this.wrongs, this.main, footer, this.spoken);
  }

  update(page: Page, step: StepName | null, wrong: Wrong[]): void {
    const { t, state, captured } = page;
    setText(this.skip, t("skip"));
    setText(this.brand, t("app.name"));
    setText(this.tagline, t("app.tagline"));
    const exam = state?.exam ?? page.exam;
    setText(this.exam, exam ? exam.title + (exam.rehearsal && !exam.title.toLowerCase().includes(t("frame.rehearsal")) ? ` · ${t("frame.rehearsal")}` : "") : "");
    // Once the screen is recorded, it is not to say whose it is.
    const open = state !== null && !captured?.recordings.screen.wanted;
    setText(this.who, open ? t("frame.who", { name: state.candidate.name, ticket: state.candidate.ticket }) : "");
    setText(this.language, t("language.switch"));
    const skip = page.exam?.skip ?? [];
    const all: StepName[] = ["devices", "login", "phone", "attachments", "pledge", "entry", "confirm", "waiting", "answering", "upload", "finished"];
    this.rail.update(page, step, state?.attempt.steps ?? all.filter((each) => !skip.includes(each)));
    this.drawWrongs(page, wrong);
    const on = captured ? (["camera", "screen"] as const).filter((kind) => captured.recordings[kind].recording) : [];
    show(this.connection, state !== null);
    this.connection.dataset.state = page.connection.ok ? "good" : "bad";
    setText(this.connection, t(page.connection.ok ? "frame.connected" : "frame.lost"));
    const wanted = captured?.recordings.camera.wanted || captured?.recordings.screen.wanted;
    show(this.recording, Boolean(wanted));
    this.recording.dataset.state = on.length === 2 ? "recording" : "bad";
    setText(this.recording, on.length === 0 ? t("frame.notRecording") : t("frame.recording", { what: on.map((kind) => t(`kind.${kind}`)).join(t("frame.and")) }));
    show(this.unsent, Boolean(captured && captured.unsigned > 0));
    if (captured) setText(this.unsent, t("frame.unsent", { bytes: bytes(captured.unsigned) }));
    this.drawPhone(page, step);
    setText(this.support, page.support ? t("frame.support", { number: page.support }) : t("frame.supportUnknown"));
  }

  announce(text: string): void {
    setText(this.spoken, text);
  }

  /** The phone's lamp: what it does, from when it stands to the end. */
  private drawPhone({ t, state, connection, clock }: Page, step: StepName | null): void {
    const view = state?.phone?.bound;
    show(this.phone, Boolean(view && step && step !== "phone" && step !== "devices" && step !== "login"));
    if (!view) return;
    const now = clock.now() ?? state.serverTime;
    const silent = connection.ok ? silentFor(view, now) : 0;
    const alarm = connection.ok ? alarmOf(view, now) : null;
    const doing = doingOf(view);
    this.phone.dataset.state = alarm && isGrave(alarm) ? "bad" : alarm ? "warn" : doing === "film" ? "recording" : "good";
    setText(this.phone, silent ? t("side.lampSilent", { length: countdown(Math.floor(silent / 1e6) * 1e6) }) : t("side.lamp", { doing: t(doingKey(doing)) }));
    this.phone.title = t("side.look");
  }

  private drawWrongs(page: Page, wrong: Wrong[]): void {
    const { t } = page;
    const key = `${page.lang}${JSON.stringify(wrong.map((each) => ({ ...each, values: { ...each.values, seconds: 0 } })))}`;
    if (key !== this.drawnWrongs) {
      this.drawnWrongs = key;
      this.wrongs.setAttribute("aria-label", t("wrong.area"));
      show(this.wrongs, wrong.length > 0);
      const rows = wrong.map((each) => {
        const texts = element("div", {}, element("strong", {}, t(each.title, each.values)), element("span", { data: { todo: each.id } }, t(each.todo, each.values)));
        const { action } = each;
        return element("div", { class: "wrong", role: each.tone === "bad" ? "alert" : "status", data: { wrong: each.id, tone: each.tone } }, texts, action && button(t(`wrong.action.${action}`), () => this.actions.act(action)));
      });
      setChildren(this.wrongs, ...rows);
    }
    // What only counts seconds changes without being read out again.
    for (const each of wrong) {
      const row = this.wrongs.querySelector<HTMLElement>(`[data-wrong="${each.id}"]`);
      if (row && each.values && "seconds" in each.values) {
        row.setAttribute("aria-live", "off");
        setText(row.querySelector("strong")!, t(each.title, each.values));
      }
    }
  }
}
