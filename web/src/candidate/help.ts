// Asking support for help, and what was said.

import { api, type HelpMessage } from "./api";
import { openDialog } from "./dialog";
import { element, setChildren, setText } from "./element";
import { clockTime } from "./measures";
import type { Page } from "./page";

export class Help {
  private dialog: HTMLDialogElement | null = null;
  private readonly talk = element("ol", { class: "talk" });
  private readonly log = element("div", { role: "log" }, this.talk);
  private drawn = "";
  /** Messages that were there when somebody last looked; null until the first state. */
  private seen: number | null = null;

  constructor(private readonly page: Page) {}

  /** Answers that nobody has looked at. */
  get unread(): number {
    return Math.max(0, this.answers.length - (this.seen ?? this.answers.length));
  }

  private get messages(): HelpMessage[] {
    return this.page.state?.help ?? [];
  }

  private get answers(): HelpMessage[] {
    return this.messages.filter((message) => message.from !== "candidate");
  }

  update(): void {
    if (this.page.state === null) return;
    const before = this.drawn;
    this.seen ??= this.answers.length;
    this.drawn = JSON.stringify([this.page.lang, this.messages]);
    if (this.drawn === before) return;
    this.draw();
    if (this.dialog) this.seen = this.answers.length;
    else if (this.unread > 0) this.page.announce(this.page.t("help.answered", { text: this.answers.at(-1)!.text }));
  }

  open(): void {
    if (this.dialog) return;
    const { page } = this;
    const { t } = page;
    this.seen = this.answers.length;
    this.draw();
    const text = element("textarea", { id: "help-text", rows: 3, maxlength: 500, required: true });
    text.value = page.drafts.get("help") ?? "";
    text.addEventListener("input", () => page.drafts.set("help", text.value));
    const said = element("p", { class: "hint", role: "status" });
    const send = element("button", { type: "submit", class: "primary", data: { testid: "help-send" } }, t("help.send"));
    const form = element("form", { class: "form" }, element("label", { for: text.id }, t("help.label")), text, said, element("div", { class: "actions" }, send, element("button", { type: "button", on: { click: () => this.dialog?.close() } }, t("help.close"))));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (!text.value.trim()) return text.focus();
      send.disabled = true;
      setText(said, t("help.sending"));
      try {
        await api.help(text.value.trim());
        page.drafts.delete("help");
        text.value = "";
        setText(said, t("help.sent"));
        await page.refresh().catch(() => undefined);
      } catch {
        setText(said, t("help.failed", { number: page.support || "—" }));
      } finally {
        send.disabled = false;
      }
    });
    const intro = element("p", { class: "hint" }, t("help.text"), " ", page.support ? t("frame.support", { number: page.support }) : "");
    this.dialog = openDialog(t("help.title"), { closed: () => (this.dialog = null) }, intro, this.log, form);
    text.focus();
    page.changed();
  }

  private draw(): void {
    const { page } = this;
    this.log.setAttribute("aria-label", page.t("help.talk"));
    const rows = this.messages.map((message) => {
      const mine = message.from === "candidate";
      return element("li", { data: { from: mine ? "me" : "support" } }, element("small", {}, `${page.t(mine ? "help.me" : "help.support")} · ${clockTime(message.at, page.lang, page.clock.now())}`), element("span", {}, message.text));
    });
    setChildren(this.talk, ...rows);
    this.talk.hidden = rows.length === 0;
    this.talk.scrollTop = this.talk.scrollHeight;
  }
}
