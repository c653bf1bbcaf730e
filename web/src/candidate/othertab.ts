// Another tab of this browser has the interview: this one stands back until that one is closed.

import { openDialog } from "./dialog";
import { element } from "./element";
import type { Page } from "./page";

export class OtherTab {
  private dialog: HTMLDialogElement | null = null;

  constructor(private readonly page: Page) {}

  update(elsewhere: boolean): void {
    if (elsewhere && !this.dialog) {
      const { t } = this.page;
      this.dialog = openDialog(t("tab.title"), { stays: true, class: "dialog full", closed: () => this.dialog && ((this.dialog = null), this.page.changed()) }, element("p", {}, t("tab.text")), element("p", { class: "hint" }, t("tab.todo")));
      this.dialog.dataset.testid = "other-tab";
    } else if (!elsewhere && this.dialog) {
      const { dialog } = this;
      this.dialog = null;
      dialog.close();
    }
  }
}
