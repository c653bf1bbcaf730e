// 待考: until the start, by the server's clock.

import { button, element, setText } from "../element";
import { SelfView } from "../levelmeter";
import { clockTime, countdown } from "../measures";
import type { Page, Step } from "../page";

export function waitingStep(page: Page): Step {
  const { t } = page;
  const timer = element("p", { class: "big-timer huge", role: "timer", data: { testid: "countdown" } });
  const at = element("p", { class: "hint" });
  const view = new SelfView(t("devices.preview"), page.state?.policy.face === "blurred");
  let announced = false;
  return {
    element: element(
      "section",
      { class: "step" },
      element("h1", {}, t("waiting.title")),
      element(
        "div",
        { class: "two-columns even" },
        element("div", { class: "panel center" }, element("p", { class: "label" }, t("entry.untilStart")), timer, at, element("div", { class: "view small" }, view.element)),
        element(
          "div",
          { class: "panel" },
          element("h2", {}, t("waiting.what")),
          element("ul", { class: "how" }, ...(["waiting.what1", "waiting.what2", "waiting.what3", "waiting.what4", "waiting.what5"] as const).map((key) => element("li", {}, t(key)))),
          element("div", { class: "actions below" }, button(t("answer.help"), () => page.openHelp(), { data: { testid: "help" } })),
        ),
      ),
    ),
    update: () => view.show(page.capture?.preview.camera ?? null),
    second() {
      const now = page.clock.now();
      const start = page.state?.times?.start;
      if (now === null || !start) return setText(timer, "--:--");
      setText(timer, countdown(start - now));
      setText(at, t("waiting.at", { time: clockTime(start, page.lang, now) }));
      if (!announced && start - now < 60e6) {
        announced = true;
        page.announce(t("waiting.minute"));
      }
    },
  };
}
