// The phone, looked at in the middle of whatever step it is.

import { openDialog } from "./dialog";
import { button, element } from "./element";
import type { Page } from "./page";
import { PhoneCard } from "./phonecard";

export class PhoneDialog {
  private dialog: HTMLDialogElement | null = null;
  private card: PhoneCard | null = null;

  constructor(private readonly page: Page) {}

  open(): void {
    if (this.dialog) return;
    const { t } = this.page;
    const card = new PhoneCard(this.page);
    this.card = card;
    card.update();
    const close = button(t("side.close"), () => this.dialog?.close(), { class: "primary", data: { testid: "phone-close" } });
    this.dialog = openDialog(t("side.title"), { class: "dialog side", closed: () => (this.dialog = this.card = null) }, card.element, element("div", { class: "actions" }, close));
  }

  update(): void {
    if (!this.page.state?.phone?.bound) this.dialog?.close();
    this.card?.update();
  }
}
