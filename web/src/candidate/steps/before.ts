// What is shown before an interview is known: connecting, no exam at this address, somebody signed in to another one.

import { element } from "../element";
import type { Page, Step } from "../page";
import { signOutButton } from "../signin";

export function connectingStep(page: Page): Step {
  const { t } = page;
  return { element: element("section", { class: "step narrow" }, element("h1", {}, t("before.connecting")), element("p", { class: "lead", role: "status" }, element("span", { class: "pulse", "aria-hidden": "true" }), t("before.connectingText"))) };
}

export function noExamStep(page: Page): Step {
  const { t } = page;
  return { element: element("section", { class: "step narrow" }, element("h1", {}, t("signin.noExam")), element("p", { class: "lead" }, t("signin.noExamTodo"))) };
}

export function otherExamStep(page: Page): Step {
  const { t } = page;
  const { exam } = page.state!;
  return {
    element: element(
      "section",
      { class: "step narrow" },
      element("h1", {}, t("before.other")),
      element("p", { class: "lead" }, t("before.otherText", { title: exam.title })),
      element("div", { class: "actions" }, element("a", { class: "button primary", href: `?exam=${encodeURIComponent(exam.id)}` }, t("before.otherGo")), signOutButton(page)),
    ),
  };
}
