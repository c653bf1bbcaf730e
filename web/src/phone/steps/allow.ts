// 授权: one tap that asks for everything that filming needs.

import { button, element, setChildren, show } from "../../candidate/element";
import { DeviceError } from "../../capture/devices";
import type { Key } from "../../i18n";
import type { PhonePage, StepView } from "../page";

export function allowStep(page: PhonePage): StepView {
  const { t, host, state } = page;
  // After a reload there is nothing to explain: every second counts.
  const again = Boolean(state?.phone.placedAt || page.owing.place);
  const refusal = element("div", { class: "notice", role: "alert", hidden: true, data: { tone: "bad", testid: "allow-refusal" } });
  const ask = button(
    t(again ? "mobile.allow.again" : "mobile.allow.submit"),
    async () => {
      show(refusal, false);
      try {
        await page.allow();
      } catch (error) {
        const problem = error instanceof DeviceError ? error.problem : "failed";
        refusal.dataset.problem = problem;
        const what = problem === "denied" || problem === "busy" || problem === "missing" ? problem : "failed";
        const todo: Key = what === "denied" ? `mobile.allow.denied.${host.system}` : `mobile.allow.${what}Todo`;
        setChildren(refusal, element("strong", {}, t(`mobile.allow.${what}`)), element("span", {}, t(todo)));
        show(refusal, true);
      }
    },
    { class: "primary large", data: { testid: "allow" } },
  );
  const asked = (["camera", "sensor", "screen"] as const).map((what) => element("li", {}, element("strong", {}, t(`mobile.allow.${what}`)), element("span", {}, t(`mobile.allow.${what}Why`))));
  const before = (["power", "quiet", "lock"] as const).map((what) => element("li", {}, t(`mobile.allow.${what}`)));
  return {
    element: element(
      "section",
      { class: "step" },
      element("h1", {}, t(again ? "mobile.allow.titleAgain" : "mobile.allow.title")),
      element("p", { class: "lead" }, t(again ? "mobile.allow.leadAgain" : "mobile.allow.lead")),
      again ? null : element("ul", { class: "asked" }, ...asked),
      refusal,
      ask,
      again ? null : element("div", { class: "panel" }, element("h2", {}, t("mobile.allow.before")), element("ul", { class: "how" }, ...before)),
    ),
    update() {
      if (!ask.hasAttribute("aria-busy")) ask.disabled = page.captured?.tab !== "here";
    },
  };
}
