// The eight stops of an interview, and where the candidate is.

import type { StepName } from "./api";
import { element, setChildren } from "./element";
import type { Page } from "./page";
import { rail } from "./stepnow";

export class Rail {
  readonly element = element("nav", { class: "rail" });
  private drawn = "";

  update(page: Page, step: StepName | null, steps: readonly StepName[]): void {
    const key = `${page.lang} ${step} ${steps.join()}`;
    if (key === this.drawn) return;
    this.drawn = key;
    this.element.hidden = step === null;
    if (step === null) return;
    this.element.setAttribute("aria-label", page.t("rail.label"));
    const stops = rail(step, steps);
    const here = stops.findIndex((stop) => stop.state === "current");
    const items = stops.map(({ stop, state }, n) =>
      element(
        "li",
        { data: { stop, state }, "aria-current": state === "current" ? "step" : null },
        element("span", { class: "stop-mark", "aria-hidden": "true" }, state === "done" ? "✓" : String(n + 1)),
        element("span", { class: "stop-name" }, page.t(`rail.${stop}`), element("span", { class: "for-ears" }, page.t(`rail.state.${state}`))),
      ),
    );
    const where = here < 0 ? "" : page.t("rail.where", { n: here + 1, of: stops.length, name: page.t(`rail.${stops[here]!.stop}`) });
    setChildren(this.element, element("ol", {}, ...items), element("p", { class: "rail-where", "aria-hidden": "true" }, where));
  }
}
