// The page that runs checks and says, line by line, what is fine and what to do where it is not.

import { initialLang, rememberLang, translate, type Key } from "../i18n";
import type { Check } from "./checks";
import "./check.css";

export function checkPage(root: HTMLElement, title: Key, text: Key, checks: Check[]): void {
  let lang = initialLang();
  const t = (key: Key) => translate(lang, key);
  const make = <K extends keyof HTMLElementTagNameMap>(tag: K, className: string, content = "") => {
    const element = document.createElement(tag);
    element.className = className;
    element.textContent = content;
    return element;
  };

  function draw(): void {
    document.documentElement.lang = lang;
    document.title = `${t(title)} · ${t("app.name")}`;
    const language = make("button", "language", t("language.switch"));
    language.type = "button";
    language.addEventListener("click", () => {
      lang = lang === "zh-CN" ? "en" : "zh-CN";
      rememberLang(lang);
      draw();
    });
    const list = make("ul", "checks");
    const rows = checks.map((check) => {
      const row = make("li", "check");
      const state = make("span", "state");
      row.append(make("strong", "", t(check.name)), state);
      list.append(row);
      return { check, row, state };
    });
    const verdict = make("p", "verdict");
    verdict.setAttribute("role", "status");
    const start = make("button", "start", t("check.start"));
    start.type = "button";
    start.dataset.testid = "check";
    start.addEventListener("click", async () => {
      start.disabled = true;
      verdict.textContent = t("check.running");
      verdict.dataset.state = "running";
      let good = true;
      for (const { check, row, state } of rows) {
        row.querySelector(".fix")?.remove();
        row.dataset.state = "running";
        state.textContent = "…";
        const result = await check.run().catch((error: unknown) => ({ ok: false, detail: error instanceof Error ? error.name : undefined }));
        row.dataset.state = result.ok ? "ok" : "bad";
        state.textContent = [t(result.ok ? "check.ok" : "check.bad"), result.detail].filter(Boolean).join(" · ");
        if (!result.ok) row.append(make("p", "fix", t(check.fix)));
        good &&= result.ok;
      }
      verdict.dataset.state = good ? "ok" : "bad";
      verdict.textContent = t(good ? "check.allGood" : "check.someBad");
      start.textContent = t("check.again");
      start.disabled = false;
    });
    const page = make("main", "check-page");
    page.append(language, make("p", "brand", `${t("app.name")} · ${t("app.tagline")}`), make("h1", "", t(title)), make("p", "lead", t(text)), list, verdict, start);
    root.replaceChildren(page);
  }
  draw();
}
