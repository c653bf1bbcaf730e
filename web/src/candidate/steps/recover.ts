// 找回录像: what an earlier start of the browser recorded and did not send is on this computer, and is sent from here.

import { button, element, setChildren, setText, show } from "../element";
import { bytes, clockTime } from "../measures";
import type { Page, Step } from "../page";
import { saveTakes, TransferPanel } from "../transfer";

export function recoverStep(page: Page): Step {
  const { t } = page;
  const panel = new TransferPanel(page);
  const verdict = element("div", { class: "notice big", role: "status", data: { testid: "recover-state" } });
  const list = element("ul", { class: "documents" });
  const others = element("div", { class: "panel", hidden: true }, element("h2", {}, t("recover.others")), element("p", { class: "hint" }, t("recover.othersText")), list);
  let drawn = "";
  return {
    element: element(
      "section",
      { class: "step" },
      element("h1", {}, t("recover.title")),
      element("p", { class: "lead" }, t("recover.lead")),
      verdict,
      panel.element,
      others,
      element("div", { class: "actions" }, element("a", { class: "button primary", href: `?exam=${encodeURIComponent(page.state?.exam.id ?? "")}` }, t("recover.back"))),
    ),
    update() {
      panel.update();
      const { captured, state } = page;
      if (!captured || !state) return;
      const own = captured.takes.filter((take) => take.attempt === state.attempt.id);
      const left = own.filter((take) => !take.receipt);
      verdict.dataset.tone = captured.recovering ? "info" : own.length > 0 && left.length === 0 ? "good" : "warn";
      setText(verdict, captured.recovering ? t("done.looking") : left.length > 0 ? t("recover.sending", { n: left.length, bytes: bytes(captured.unsigned) }) : own.length > 0 ? t("recover.allSent") : t("recover.nothing"));
      const foreign = captured.takes.filter((take) => take.attempt !== state.attempt.id && !take.receipt && take.recorded > 0);
      const key = foreign.map((take) => take.take + take.recorded).join();
      if (key === drawn) return;
      drawn = key;
      show(others, foreign.length > 0);
      setChildren(
        list,
        ...foreign.map((take) =>
          element(
            "li",
            {},
            element("span", { class: "dot", "aria-hidden": "true" }),
            element("div", {}, element("strong", {}, t(`kind.${take.kind}`)), element("small", {}, `${clockTime(take.began.server ?? take.began.wall, page.lang, null)} · ${bytes(take.recorded)}`)),
            element("span", { class: "row-actions" }, button(t("send.save"), () => saveTakes(page.capture!, [take], take.attempt))),
          ),
        ),
      );
    },
    second: () => panel.second(),
  };
}
