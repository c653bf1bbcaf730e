// The sheet of paper, both sides held up to the camera: one still each.

import { button, element, setText, show } from "../element";
import type { Page } from "../page";
import { still } from "../still";

const sides = ["a4-front", "a4-back"] as const;
type Side = (typeof sides)[number];

export class SheetPrompt {
  readonly element: HTMLElement;
  private readonly status = element("p", { class: "hint", role: "status" });
  private readonly buttons: Record<Side, HTMLButtonElement>;

  constructor(
    private readonly page: Page,
    private readonly video: HTMLVideoElement,
  ) {
    const { t } = page;
    const one = (side: Side) => button(t(`sheet.${side}`), () => this.take(side), { data: { testid: side } });
    this.buttons = { "a4-front": one("a4-front"), "a4-back": one("a4-back") };
    const text = element("div", {}, element("h2", {}, t("sheet.title")), element("p", { class: "hint" }, t("sheet.text")), this.status);
    this.element = element("section", { class: "a4", "aria-label": t("sheet.title") }, text, element("div", { class: "pair-buttons" }, ...Object.values(this.buttons)));
  }

  private async take(side: Side): Promise<void> {
    const { page } = this;
    try {
      const picture = await still(this.video);
      setText(this.status, page.t("signin.stillSending"));
      await page.stills.add(side, picture);
    } catch {
      return setText(this.status, page.t("sheet.noPicture"));
    }
    setText(this.status, page.stills.state(side) === "waiting" ? page.t("sheet.later") : page.t("sheet.sent", { side: page.t(`sheet.${side}`) }));
  }

  update(): void {
    const { page } = this;
    const state = (side: Side) => {
      const own = page.stills.state(side);
      return own === "none" && page.state?.attempt.stills[side] ? "sent" : own;
    };
    for (const side of sides) {
      this.buttons[side].dataset.state = state(side);
      setText(this.buttons[side], `${state(side) === "sent" ? "✓ " : ""}${page.t(`sheet.${side}`)}`);
    }
    // Both are there: the place is the question's again.
    show(this.element, !sides.every((side) => state(side) === "sent"));
  }
}
