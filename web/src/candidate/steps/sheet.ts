// The sheet of paper, both sides held up to the camera: one still each.

import { api, type StillSide } from "../api";
import { button, element, setText, show } from "../element";
import type { Page } from "../page";
import { still } from "../still";

const sides = ["a4-front", "a4-back"] as const;

export class SheetPrompt {
  readonly element: HTMLElement;
  private readonly status = element("p", { class: "hint", role: "status" });
  private readonly buttons: Record<(typeof sides)[number], HTMLButtonElement>;
  /** Pictures that the server does not have yet. */
  private readonly waiting = new Map<(typeof sides)[number], Blob>();
  private readonly sent = new Set<StillSide>();
  private retry = 0;

  constructor(
    private readonly page: Page,
    private readonly video: HTMLVideoElement,
  ) {
    const { t } = page;
    const one = (side: (typeof sides)[number]) => button(t(`sheet.${side}`), () => this.take(side), { data: { testid: side } });
    this.buttons = { "a4-front": one("a4-front"), "a4-back": one("a4-back") };
    this.element = element("section", { class: "a4", "aria-label": t("sheet.title") }, element("div", {}, element("h2", {}, t("sheet.title")), element("p", { class: "hint" }, t("sheet.text")), this.status), element("div", { class: "pair-buttons" }, ...Object.values(this.buttons)));
  }

  private async take(side: (typeof sides)[number]): Promise<void> {
    try {
      this.waiting.set(side, await still(this.video));
    } catch {
      return setText(this.status, this.page.t("sheet.noPicture"));
    }
    await this.send();
  }

  private async send(): Promise<void> {
    clearTimeout(this.retry);
    for (const [side, picture] of this.waiting) {
      try {
        setText(this.status, this.page.t("signin.stillSending"));
        await api.still(side, picture);
        if (this.waiting.get(side) === picture) this.waiting.delete(side);
        this.sent.add(side);
        setText(this.status, this.page.t("sheet.sent", { side: this.page.t(`sheet.${side}`) }));
      } catch {
        setText(this.status, this.page.t("sheet.later"));
        this.retry = window.setTimeout(() => void this.send(), 3000);
        return;
      }
    }
    this.update();
  }

  update(): void {
    const has = (side: StillSide) => this.sent.has(side) || Boolean(this.page.state?.attempt.stills[side]);
    for (const side of sides) {
      this.buttons[side].dataset.state = has(side) ? "done" : this.waiting.has(side) ? "waiting" : "open";
      setText(this.buttons[side], `${has(side) ? "✓ " : ""}${this.page.t(`sheet.${side}`)}`);
    }
    // Both are there: the place is the question's again.
    show(this.element, !sides.every(has) || this.waiting.size > 0);
  }

  stop(): void {
    clearTimeout(this.retry);
  }
}
