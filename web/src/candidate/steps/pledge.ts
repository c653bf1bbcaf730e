// 诚信承诺书: read, and signed with the name.

import { ApiError } from "../api";
import { element, setText, show } from "../element";
import { markdown } from "../markdown";
import type { Page, Step } from "../page";

export function pledgeStep(page: Page): Step {
  const { t } = page;
  const pledge = page.state?.pledge;
  const name = element("input", { id: "pledge-name", name: "name", autocomplete: "off", required: true, maxlength: 100, value: page.drafts.get("pledge") ?? "" });
  name.addEventListener("input", () => page.drafts.set("pledge", name.value));
  const refusal = element("p", { class: "notice", role: "alert", hidden: true, data: { tone: "bad" } });
  const submit = element("button", { type: "submit", class: "primary", data: { testid: "sign-pledge" } }, t("pledge.sign"));
  const form = element("form", { class: "form inline", novalidate: true }, element("p", { class: "field" }, element("label", { for: name.id }, t("pledge.name")), name), submit);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!name.value.trim()) return name.focus();
    submit.disabled = true;
    show(refusal, false);
    try {
      await page.do("pledge", { name: name.value.trim(), sha256: pledge?.sha256 ?? "" });
    } catch (error) {
      const code = error instanceof ApiError ? error.code : "";
      setText(refusal, t(code === "name-differs" ? "pledge.nameDiffers" : code === "hash-differs" ? "pledge.changed" : code === "network" ? "signin.networkTodo" : "signin.failedTodo"));
      show(refusal, true);
      if (code === "hash-differs") await page.refresh().catch(() => undefined);
      name.focus();
    } finally {
      submit.disabled = false;
    }
  });
  return {
    element: element(
      "section",
      { class: "step" },
      element("h1", {}, t("pledge.title")),
      element("p", { class: "lead" }, t("pledge.lead")),
      element("div", { class: "panel pledge", tabindex: 0, role: "region", "aria-label": t("pledge.title") }, markdown(pledge?.text ?? "")),
      form,
      refusal,
      element("p", { class: "hint" }, t("pledge.hint")),
    ),
  };
}
