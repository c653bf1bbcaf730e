// 完成: the server has signed for everything that this phone filmed.

import { button, element } from "../../candidate/element";
import { bytes } from "../../candidate/measures";
import type { PhonePage, StepView } from "../page";

export function doneStep(page: PhonePage): StepView {
  const { t, captured, state } = page;
  const own = captured?.takes.filter((take) => take.attempt === state?.attempt.id) ?? [];
  const all = own.reduce((sum, take) => sum + take.recorded, 0);
  const nothing = all === 0 && !state?.phone.placedAt;
  return {
    element: element(
      "section",
      { class: "step done" },
      element("h1", {}, t("mobile.done.title")),
      element("div", { class: "notice big", role: "status", data: { testid: "may-close", tone: "good" } }, element("strong", {}, t("mobile.done.mayClose")), element("span", {}, nothing ? t("mobile.done.nothing") : all > 0 ? t("mobile.done.text", { bytes: bytes(all) }) : t("mobile.done.all"))),
      element("p", { class: "hint" }, t("mobile.done.hint")),
      button(t("mobile.done.forget"), () => page.forget(), { class: "quiet", data: { testid: "forget" } }),
    ),
  };
}
