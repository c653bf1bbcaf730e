// Dialogs: the browser's own, which keep the focus inside and the rest of the page out of reach.

import { element, type Child } from "./element";

let numbered = 0;

export interface DialogOptions {
  /** Closed by what it asks for only, not by Escape. */
  stays?: boolean;
  class?: string;
  /** Called when it has gone, however that came about. */
  closed?: () => void;
}

export function openDialog(title: string, options: DialogOptions, ...children: Child[]): HTMLDialogElement {
  const id = `dialog-${++numbered}`;
  const heading = element("h2", { id, tabindex: "-1" }, title);
  const dialog = element("dialog", { class: options.class ?? "dialog", "aria-labelledby": id }, heading, ...children);
  if (options.stays) {
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    // Chromium closes at the second Escape whatever cancel says.
    dialog.addEventListener("keydown", (event) => event.key === "Escape" && event.preventDefault());
  }
  dialog.addEventListener("close", () => {
    dialog.remove();
    options.closed?.();
  });
  document.body.append(dialog);
  dialog.showModal();
  heading.focus();
  return dialog;
}

/** Asks a question of yes and no; what is chosen first is the harmless answer. */
export function confirmDialog(title: string, text: Child[], yes: string, no: string, danger = false): Promise<boolean> {
  return new Promise((resolve) => {
    let answer = false;
    const choose = (value: boolean) => () => {
      answer = value;
      dialog.close();
    };
    const dialog = openDialog(
      title,
      { closed: () => resolve(answer) },
      ...text,
      element(
        "div",
        { class: "actions" },
        element("button", { type: "button", class: danger ? "danger" : "primary", data: { testid: "dialog-yes" }, on: { click: choose(true) } }, yes),
        element("button", { type: "button", data: { testid: "dialog-no" }, on: { click: choose(false) } }, no),
      ),
    );
  });
}
