// 完成: the server has signed for everything; what is kept here, and until when.

import { button, element, setText, show } from "../element";
import type { Page, Step } from "../page";
import { TransferPanel } from "../transfer";

export function finishedStep(page: Page): Step {
  const { t } = page;
  const panel = new TransferPanel(page);
  const verdict = element("div", { class: "notice big", role: "status", data: { testid: "may-close" } });
  const title = element("strong", {});
  const text = element("span", {});
  verdict.append(title, text);
  const restart = page.state?.exam.rehearsal ? button(t("done.again"), () => page.do("restart", {}).catch(() => page.announce(t("wrong.lostTodo"))), { data: { testid: "restart" } }) : null;
  const kept = element("ul", { class: "how" }, ...(["done.keep1", "done.keep3"] as const).map((key) => element("li", {}, t(key))));
  return {
    element: element("section", { class: "step" }, element("h1", {}, t("done.title")), verdict, panel.element, element("div", { class: "panel" }, element("h2", {}, t("done.keep")), kept), restart && element("div", { class: "actions" }, restart)),
    update() {
      panel.update();
      const { captured } = page;
      // What another tab or an earlier crash left is not covered by what the server has signed for.
      const sure = captured?.mayClose === true;
      const busy = captured === null || captured.recovering;
      verdict.dataset.tone = sure ? "good" : busy ? "info" : "warn";
      setText(title, t(sure ? "done.mayClose" : busy ? "done.looking" : "send.notYet"));
      setText(text, t(sure ? "done.mayCloseText" : busy ? "done.lookingText" : "send.notYetText"));
      show(kept, true);
    },
    second: () => panel.second(),
  };
}
