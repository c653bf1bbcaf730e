// While the interview is recorded, the screen is shared. Where it is not, this stands in the way until it is again; time goes on.

import { DeviceError } from "../capture/capture";
import { openDialog } from "./dialog";
import { button, element, setText, show } from "./element";
import type { Page } from "./page";
import { countdown } from "./measures";
import { current } from "./questions";

export class SharePrompt {
  private dialog: HTMLDialogElement | null = null;
  private readonly timer = element("p", { class: "prompt-timer", "aria-live": "off" });
  private readonly problem = element("p", { class: "notice", role: "alert", hidden: true, data: { tone: "bad" } });

  constructor(private readonly page: Page) {}

  /** wanted: the screen ought to be shared and is not. before: whether it was, on this page. */
  update(wanted: boolean, before: boolean): void {
    if (!wanted) {
      const dialog = this.dialog;
      this.dialog = null;
      dialog?.close();
      return;
    }
    if (this.dialog) return;
    const { page } = this;
    const { t } = page;
    show(this.problem, false);
    const share = button(
      t("share.again"),
      async () => {
        show(this.problem, false);
        try {
          await page.capture!.useScreen();
        } catch (error) {
          setText(this.problem, t(shareProblem(error)));
          show(this.problem, true);
        }
      },
      { class: "primary large", data: { testid: "share-again" } },
    );
    this.dialog = openDialog(
      t(before ? "share.stopped" : "share.afterReload"),
      { stays: true, class: before ? "dialog full alarm" : "dialog full", closed: () => this.dialog && ((this.dialog = null), page.changed()) },
      element("p", {}, t(before ? "share.stoppedText" : "share.afterReloadText")),
      this.timer,
      this.problem,
      element("div", { class: "actions" }, share, button(t("answer.help"), () => page.openHelp(), {})),
      element("ol", { class: "how" }, element("li", {}, t("share.how1")), element("li", {}, t("share.how2")), element("li", {}, t("share.how3"))),
      element("p", { class: "hint" }, page.support ? t("frame.support", { number: page.support }) : ""),
    );
    this.second();
    page.announce(t(before ? "share.stopped" : "share.afterReload"));
  }

  second(): void {
    if (!this.dialog) return;
    const { page } = this;
    const now = page.clock.now();
    const times = page.state?.times;
    if (now === null || !times) return setText(this.timer, "");
    if (now < times.start) return setText(this.timer, page.t("share.untilStart", { left: countdown(times.start - now) }));
    const asked = current(page.questions?.questions ?? [], now);
    const until = asked && asked.phase !== "over" ? asked.until : times.end;
    setText(this.timer, page.t("share.left", { left: countdown(until - now) }));
  }
}

/** Why sharing failed, as a text. */
export function shareProblem(error: unknown) {
  const problem = error instanceof DeviceError ? error.problem : "failed";
  if (problem === "not-monitor") return "share.notMonitor" as const;
  return problem === "denied" ? ("share.denied" as const) : ("share.failed" as const);
}
