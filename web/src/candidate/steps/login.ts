// 登录: ticket and identity number, then a still of the face, then support lets the candidate in.

import { looksVirtual, openCamera } from "../../capture/devices";
import { DeviceError } from "../../capture/capture";
import { api } from "../api";
import { button, element, setChildren, setText, show } from "../element";
import { SelfView } from "../levelmeter";
import { chosenDevices } from "../memory";
import type { Page, Step } from "../page";
import { signInForm, signOutButton, type SignInForm } from "../signin";
import { goodPicture, still } from "../still";
import { todoFor } from "../wrongs";

export function loginStep(page: Page): Step {
  const { t } = page;
  const view = new SelfView(t("devices.preview"));
  const problem = element("p", { class: "view-empty" }, t("signin.openingCamera"));
  const shot = element("img", { class: "still", alt: t("signin.stillAlt"), hidden: true });
  const sent = element("p", { class: "hint", role: "status", data: { testid: "still-state" } });
  const panel = element("div", {});
  let track: MediaStreamTrack | null = null;
  let form: SignInForm | null = null;
  let shown = "";
  let left = false;
  let sending = false;
  /** Whether a still was sent for this login, by this page. */
  let told = false;
  /** Where there is no network, it is tried again. */
  let again = 0;

  async function open(): Promise<void> {
    try {
      const opened = await openCamera(chosenDevices().camera);
      if (left) return opened.stop();
      if (looksVirtual(opened.label)) {
        opened.stop();
        return setText(problem, t("wrong.virtualTodo", { label: opened.label }));
      }
      track = opened;
      view.show(track);
      show(problem, false);
      page.changed();
    } catch (error) {
      setText(problem, t(todoFor(error instanceof DeviceError ? error.problem : null)));
    }
  }

  async function send(): Promise<void> {
    if (sending || !track) return;
    sending = true;
    clearTimeout(again);
    setText(sent, t("signin.stillSending"));
    try {
      await goodPicture(view.element);
      const picture = await still(view.element);
      await api.still("login", picture);
      told = true;
      URL.revokeObjectURL(shot.src);
      shot.src = URL.createObjectURL(picture);
      show(shot, true);
      setText(sent, t("signin.stillSent"));
    } catch {
      setText(sent, t("signin.stillFailed"));
      if (!left) again = window.setTimeout(() => void send(), 3000);
    } finally {
      sending = false;
    }
  }

  function draw(): void {
    const login = page.state?.attempt.login;
    const now = login ? login.state || "waiting" : "form";
    if (now === shown) return;
    shown = now;
    form = null;
    if (now === "form") {
      form = signInForm(page, () => undefined);
      setChildren(panel, form.element, button(t("signin.devicesAgain"), () => page.devicesAgain(), { class: "quiet" }));
      return;
    }
    if (now === "refused") {
      told = false;
      const reason = login?.reason ? t("signin.refusedReason", { reason: login.reason }) : "";
      const text = [reason, t("signin.refusedTodo")].filter(Boolean).join(" ");
      const again = button(t("signin.tryAgain"), () => page.signOut(), { class: "primary", data: { testid: "login-again" } });
      setChildren(
        panel,
        element("div", { class: "notice", role: "alert", data: { tone: "bad", testid: "refused" } }, element("strong", {}, t("signin.refused")), element("span", {}, text)),
        element("div", { class: "actions" }, again),
      );
      page.announce(t("signin.refused"));
      return;
    }
    const waiting = now === "waiting";
    setChildren(
      panel,
      element(
        "div",
        { class: "notice", role: "status", data: { tone: waiting ? "info" : "good", testid: waiting ? "waiting-approval" : "approved" } },
        element("strong", {}, t(waiting ? "signin.waiting" : "signin.approved")),
        element("span", {}, t(waiting ? "signin.waitingText" : "signin.approvedText")),
      ),
      waiting && element("div", { class: "still-row" }, shot, element("div", {}, sent, button(t("signin.stillAgain"), () => send(), { data: { testid: "still-again" } }))),
      waiting && element("div", { class: "actions" }, button(t("answer.help"), () => page.openHelp()), signOutButton(page)),
    );
  }

  void open();
  const step = element(
    "section",
    { class: "step" },
    element("h1", {}, t("signin.title")),
    element("p", { class: "lead" }, t("signin.lead")),
    element("div", { class: "two-columns even" }, element("div", { class: "panel" }, panel), element("div", { class: "view-column" }, element("div", { class: "view face" }, problem, view.element), element("p", { class: "hint" }, t("signin.face")))),
  );
  return {
    element: step,
    update() {
      draw();
      if (shown === "waiting" && !told && track) void send();
    },
    second: () => form?.second(),
    leave() {
      left = true;
      clearTimeout(again);
      track?.stop();
      URL.revokeObjectURL(shot.src);
    },
  };
}
