// 摆放: the phone stands behind at the side, and its picture is looked at before it counts as placed.

import { SelfView } from "../../candidate/levelmeter";
import { button, element, setText, show } from "../../candidate/element";
import { fromAbove, fromPhone } from "../pictures";
import type { PhonePage, StepView } from "../page";
import { isDark, isGood, isMoving } from "../picture";

/** Milliseconds between two looks at the picture. */
const lookEvery = 500;
/** After so many milliseconds a picture that is not good may be left as it is: nobody is kept from an interview by a lamp. */
const anywayAfter = 12_000;

export function placeStep(page: PhonePage): StepView {
  const { t } = page;
  const began = performance.now();
  const view = new SelfView(t("mobile.place.view"));
  const check = (name: "bright" | "steady") => element("li", { data: { check: name, state: "running" } }, element("span", { class: "dot", "aria-hidden": "true" }), element("span", { class: "said" }));
  const checks = { bright: check("bright"), steady: check("steady") };
  const list = element("ul", { class: "picture-checks", role: "status" }, checks.bright, checks.steady);
  const place = button(t("mobile.place.submit"), () => page.placed({ anyway: false }), { class: "primary large", data: { testid: "place" } });
  const anyway = button(t("mobile.place.anyway"), () => page.placed({ anyway: true }), { class: "quiet", hidden: true, data: { testid: "place-anyway" } });
  const turn = button(t("mobile.place.turn"), () => page.allow(page.facing === "user" ? "environment" : "user").catch(() => page.announce(t("mobile.stillNot"))), { class: "on-picture", data: { testid: "turn-camera" } });

  function tell(row: HTMLElement, state: "running" | "good" | "bad", text: string): void {
    row.dataset.state = state;
    setText(row.querySelector<HTMLElement>(".said")!, text);
  }

  function update(): void {
    view.show(page.capture?.preview.camera ?? null);
    // The picture of the rear camera is seen as it is; only a mirror turns around.
    view.element.classList.toggle("plain", page.facing === "environment");
    const { picture } = page.sampler;
    const recording = page.captured?.recordings.phone.recording ?? false;
    if (picture.bright === null) tell(checks.bright, "running", t("mobile.place.looking"));
    else tell(checks.bright, isDark(picture) ? "bad" : "good", t(isDark(picture) ? "mobile.place.dark" : "mobile.place.bright"));
    if (picture.steady === null) tell(checks.steady, "running", t("mobile.place.hold"));
    else tell(checks.steady, isMoving(picture) ? "bad" : "good", t(isMoving(picture) ? "mobile.place.moving" : "mobile.place.steady"));
    const good = recording && isGood(picture);
    if (!place.hasAttribute("aria-busy")) place.disabled = !good;
    show(anyway, recording && !good && performance.now() - began > anywayAfter);
  }

  const timer = window.setInterval(() => {
    page.sampler.look();
    update();
  }, lookEvery);
  return {
    element: element(
      "section",
      { class: "step place" },
      element("h1", {}, t("mobile.place.title")),
      element("p", { class: "lead" }, t("mobile.place.lead")),
      element("div", { class: "figures" }, element("figure", {}, fromAbove({ title: t("mobile.place.above"), laptop: t("mobile.place.laptop"), you: t("mobile.place.you"), phone: t("mobile.place.phone") }), element("figcaption", {}, t("mobile.place.aboveShort"))), element("figure", {}, fromPhone(t("mobile.place.seen")), element("figcaption", {}, t("mobile.place.seenShort")))),
      element("div", { class: "view-box" }, view.element, turn),
      list,
      element("div", { class: "sticky" }, place, anyway),
    ),
    update,
    leave: () => clearInterval(timer),
  };
}
