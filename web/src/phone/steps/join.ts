// 绑定: the code of the link, or as it was typed.

import { button, element, setChildren, setText, show } from "../../candidate/element";
import { ApiError } from "../../request";
import type { Key } from "../../i18n";
import { codeLength, grouped, readCode } from "../code";
import type { PhonePage, StepView } from "../page";

/** What a refusal means, and what to do about it. */
const known: Record<string, Key> = { unknown: "mobile.join.unknown", "slow-down": "mobile.join.slowDown", network: "mobile.join.network", "too-early": "mobile.join.tooEarly", "too-late": "mobile.join.tooLate" };

export function joinStep(page: PhonePage): StepView {
  const { t, host, lacks } = page;
  const input = element("input", { id: "code", class: "code-input", autocomplete: "off", autocapitalize: "characters", autocorrect: "off", spellcheck: "false", inputmode: "text", enterkeyhint: "go", maxlength: 300, placeholder: "XXXX XXXX", "aria-describedby": "code-said" });
  const said = element("div", { id: "code-said", class: "notice", role: "alert", hidden: true, data: { testid: "join-refusal", tone: "bad" } });
  const submit = element("button", { type: "submit", class: "primary large", data: { testid: "join" } }, t("mobile.join.submit"));
  const binding = element("div", { class: "waiting-line", role: "status", hidden: true, data: { testid: "binding" } }, element("span", { class: "pulse", "aria-hidden": "true" }), t("mobile.join.binding"));
  const form = element("form", { class: "form", novalidate: true }, element("label", { for: input.id }, t("mobile.join.label")), input, said, submit);

  const say = (key: Key, values?: Record<string, number>, code = "") => {
    said.dataset.code = code;
    page.joining.refused = { key, values, code };
    setText(said, t(key, values));
    show(said, true);
  };
  async function join(typed: string): Promise<void> {
    const code = readCode(typed);
    if (code.impossible) return say("mobile.join.impossible", undefined, "impossible");
    if (!code.whole) return say("mobile.join.short", { n: codeLength }, "short");
    submit.disabled = true;
    show(said, false);
    show(binding, true);
    try {
      await page.bind(code.text);
    } catch (error) {
      const refusal = error instanceof ApiError ? error : new ApiError("server");
      say(known[refusal.code] ?? "mobile.join.failed", { seconds: refusal.retryAfter ?? 60 }, refusal.code);
      input.value = page.joining.typed = grouped(code.text);
    } finally {
      submit.disabled = false;
      show(binding, false);
    }
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void join(input.value);
  });
  input.addEventListener("input", () => {
    page.joining.typed = input.value;
    page.joining.refused = null;
    show(said, false);
  });

  const { linked } = page;
  input.value = linked ? grouped(readCode(linked).text) : page.joining.typed;
  const { refused } = page.joining;
  if (refused) say(refused.key, refused.values, refused.code);
  const content = element("div", { class: "stack" }, form);
  const element_ = element(
    "section",
    { class: "step" },
    element("h1", {}, t("mobile.join.title")),
    element("p", { class: "lead" }, t(page.unbound ? "mobile.join.again" : "mobile.join.lead")),
    binding,
    content,
    element("p", { class: "hint" }, t("mobile.join.where")),
  );
  const begin = () => {
    setChildren(content, form);
    if (linked) void join(linked);
  };

  if (lacks) setChildren(content, element("div", { class: "notice", role: "alert", data: { tone: "bad", testid: "lacks" } }, element("strong", {}, t(`mobile.lacks.${lacks}`)), element("span", {}, t(`mobile.lacks.${lacks}Todo` as Key))));
  else if (host.inApp) {
    // The code of a link is good once: opened here it would be used up by a window that cannot film.
    const copied = element("p", { class: "hint", role: "status" });
    const copy = button(t("mobile.inApp.copy"), async () => {
      const done = await navigator.clipboard?.writeText(location.href).then(() => true, () => false);
      setText(copied, t(done ? "mobile.inApp.copied" : "mobile.inApp.notCopied"));
    }, { class: "primary large", data: { testid: "copy-link" } });
    const how = host.system === "ios" ? (["mobile.inApp.ios1", "mobile.inApp.ios2"] as const) : (["mobile.inApp.android1", "mobile.inApp.android2"] as const);
    setChildren(
      content,
      element("div", { class: "notice", role: "alert", data: { tone: "warn", testid: "in-app" } }, element("strong", {}, t(host.inApp === "other" ? "mobile.inApp.other" : "mobile.inApp.title", { app: t(`mobile.app.${host.inApp}`) })), element("span", {}, t("mobile.inApp.why"))),
      element("ol", { class: "how" }, ...how.map((key) => element("li", {}, t(key)))),
      copy,
      copied,
      button(t("mobile.inApp.anyway"), begin, { class: "quiet", data: { testid: "in-app-anyway" } }),
    );
  } else begin();
  return { element: element_ };
}
