// 佐证绑定: a phone joins by the QR code or by the code, and films from the side.

import { element, setText, show } from "../element";
import type { Page, Step } from "../page";
import { grouped, PhoneCard } from "../phonecard";

export function phoneStep(page: Page): Step {
  const { t } = page;
  const qr = element("img", { class: "qr", alt: t("phone.qrAlt"), width: 240, height: 240 });
  const code = element("output", { class: "code", data: { testid: "phone-code" } });
  const address = element("span", { class: "mono" });
  const nothing = element("p", { class: "notice", role: "status", data: { tone: "info" } }, t("phone.noCode"));
  const both = element("div", { class: "pair" }, qr, element("div", {}, element("p", { class: "label" }, t("phone.code")), code, element("p", { class: "hint" }, t("phone.address"), " ", address)));
  const lead = element("p", { class: "lead", role: "status" });
  const join = element("div", { class: "panel" }, both, nothing, element("p", { class: "waiting-line", role: "status" }, element("span", { class: "pulse", "aria-hidden": "true" }), t("phone.waiting")));
  const card = new PhoneCard(page);
  const joined = element("div", { class: "panel", data: { testid: "phone-joined" } }, element("h2", {}, t("side.joined")), card.element);
  return {
    element: element(
      "section",
      { class: "step" },
      element("h1", {}, t("phone.title")),
      lead,
      element(
        "div",
        { class: "two-columns even" },
        join,
        joined,
        element("ol", { class: "how panel" }, ...(["phone.how1", "phone.how2", "phone.how3", "phone.how4"] as const).map((key) => element("li", {}, t(key)))),
      ),
      element("p", { class: "notice", data: { tone: "info" } }, element("strong", {}, t("phone.cannot")), element("span", {}, t("phone.cannotTodo"), " ", page.support ? t("frame.support", { number: page.support }) : "")),
    ),
    update() {
      const phone = page.state?.phone;
      const bound = Boolean(phone?.bound);
      setText(lead, t(bound ? "side.joinedLead" : "phone.lead"));
      show(join, !bound);
      show(joined, bound);
      card.update();
      show(both, Boolean(phone?.code));
      show(nothing, !phone?.code);
      if (bound || !phone?.code) return;
      // Only a picture that the answer itself brings: no address is fetched from here.
      if (phone.qr?.startsWith("data:image/") && qr.getAttribute("src") !== phone.qr) qr.src = phone.qr;
      setText(code, grouped(phone.code));
      setText(address, phone.url?.split("?")[0] ?? "");
    },
  };
}
