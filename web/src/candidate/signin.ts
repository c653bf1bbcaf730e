// Signing in: the form of the login step, and the one that asks again where the session was lost in the middle.

import { ApiError } from "./api";
import { openDialog } from "./dialog";
import { button, element, setChildren, setText, show } from "./element";
import { clockTime, countdown } from "./measures";
import type { Page } from "./page";

export interface SignInForm {
  element: HTMLElement;
  second(): void;
}

export function signInForm(page: Page, signedIn: () => void): SignInForm {
  const { t } = page;
  const field = (name: string, label: string, attributes: Record<string, unknown>) => {
    const input = element("input", { id: `sign-in-${name}`, name, required: true, spellcheck: "false", autocapitalize: "characters", ...attributes, value: page.drafts.get(name) ?? "" });
    input.addEventListener("input", () => page.drafts.set(name, input.value));
    return { input, row: element("p", { class: "field" }, element("label", { for: input.id }, label), input) };
  };
  const ticket = field("ticket", t("signin.ticket"), { autocomplete: "off", maxlength: 64 });
  const tail = field("idTail", t("signin.idTail"), { autocomplete: "off", maxlength: 18, inputmode: "text" });
  if (page.state && !ticket.input.value) ticket.input.value = page.state.candidate.ticket;
  const refusal = element("div", { class: "notice", role: "alert", data: { testid: "sign-in-refusal" }, hidden: true });
  const submit = element("button", { type: "submit", class: "primary", data: { testid: "sign-in" } }, t("signin.submit"));
  /** From when on it makes sense to try again, by the server's clock. */
  let from: number | null = null;

  const refuse = (error: ApiError) => {
    refusal.dataset.tone = error.code === "too-early" ? "info" : "bad";
    refusal.dataset.code = error.code;
    const opens = error.problem.from;
    if (error.code === "too-early" && opens) {
      from = opens;
      const left = element("strong", { class: "timer-inline", "aria-live": "off" });
      setChildren(refusal, element("strong", {}, t("signin.tooEarly", { time: clockTime(opens, page.lang, page.clock.now()) })), element("span", {}, t("signin.tooEarlyLeft"), " ", left));
      second();
    } else {
      const known: Record<string, [Parameters<Page["t"]>[0], Parameters<Page["t"]>[0]]> = {
        unknown: ["signin.unknown", "signin.unknownTodo"],
        elsewhere: ["signin.elsewhere", "signin.elsewhereTodo"],
        "too-late": ["signin.tooLate", "signin.tooLateTodo"],
        "slow-down": ["signin.slowDown", "signin.slowDownTodo"],
        network: ["signin.network", "signin.networkTodo"],
        "not-found": ["signin.noExam", "signin.noExamTodo"],
      };
      const [title, todo] = known[error.code] ?? ["signin.failed", "signin.failedTodo"];
      const call = page.support && ["elsewhere", "too-late", "unknown"].includes(error.code) ? t("frame.support", { number: page.support }) : "";
      setChildren(refusal, element("strong", {}, t(title)), element("span", {}, t(todo, { seconds: error.retryAfter ?? 60 }), " ", call));
    }
    show(refusal, true);
  };
  const second = () => {
    const now = page.clock.now();
    if (from === null || now === null) return;
    const left = refusal.querySelector<HTMLElement>(".timer-inline");
    if (left) setText(left, countdown(from - now));
    if (now < from) return;
    // Its time has come: what was typed is sent again.
    from = null;
    form.requestSubmit();
  };
  const form = element("form", { class: "form", novalidate: true }, ticket.row, tail.row, element("p", { class: "hint" }, t("signin.hint")), refusal, submit);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const missing = [ticket.input, tail.input].find((input) => input.value.trim() === "");
    if (missing) return missing.focus();
    submit.disabled = true;
    setText(submit, t("signin.sending"));
    show(refusal, false);
    try {
      await page.signIn(ticket.input.value.trim(), tail.input.value.trim());
      page.drafts.delete("idTail");
      signedIn();
    } catch (error) {
      refuse(error instanceof ApiError ? error : new ApiError("server"));
    } finally {
      submit.disabled = false;
      setText(submit, t("signin.submit"));
    }
  });
  return { element: form, second };
}

/** Asks to sign in again over whatever step is shown. */
export class SignInAgain {
  private dialog: HTMLDialogElement | null = null;

  constructor(private readonly page: Page) {}

  open(): void {
    if (this.dialog || !this.page.signedOut) return;
    const { t } = this.page;
    const form = signInForm(this.page, () => this.dialog?.close());
    this.dialog = openDialog(t("signin.againTitle"), { closed: () => (this.dialog = null) }, element("p", { class: "hint" }, t("signin.againText")), form.element);
  }
}

export function signOutButton(page: Page): HTMLButtonElement {
  return button(page.t("signin.signOut"), () => page.signOut(), { class: "quiet", data: { testid: "sign-out" } });
}
