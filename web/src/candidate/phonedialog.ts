// The phone, looked at in the middle of whatever step it is.

import { openDialog } from "./dialog";
import { button } from "./element";
import type { Page } from "./page";
import { PhoneCard } from "./phonecard";

export class PhoneDialog {
  private dialog: HTMLDialogElement | null = null;
  private card: PhoneCard | null = null;

  constructor(private readonly page: Page) {}

  open(): void {
    if (this.dialog) return;
    const { t } = this.page;
    const close = button(t("side.close"), () => this.dialog?.close(), { class: "primary", data: { testid: "phone-close" } });
    const card = new PhoneCard(this.page, close);
    this.card = card;
    card.update();
    this.dialog = openDialog(t("side.title"), { class: "dialog side", closed: () => (this.dialog = this.card = null) }, card.element);
  }

  update(): void {
    if (!this.page.state?.phone?.bound) this.dialog?.close();
    this.card?.update();
  }
}
