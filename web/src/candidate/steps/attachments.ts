// 阅读附件: every document is opened, and marked as read by what was really shown.

import { api, ApiError, type Attachment } from "../api";
import { openDialog } from "../dialog";
import { button, element, setChildren, setText } from "../element";
import { markdown } from "../markdown";
import { bytes, clockTime } from "../measures";
import type { Page, Step } from "../page";

interface Opened {
  sha256: string;
  url: string;
}

const hex = (buffer: ArrayBuffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");

export function attachmentsStep(page: Page): Step {
  const { t } = page;
  /** Documents that were opened on this page, by identifier. */
  const opened = new Map<string, Opened>();
  const list = element("ol", { class: "documents" });
  const status = element("p", { class: "hint", role: "status" });
  let drawn = "";

  async function open(document: Attachment): Promise<void> {
    setText(status, t("read.loading", { title: document.title }));
    let content: ArrayBuffer;
    try {
      content = await api.attachment(document.id);
    } catch (error) {
      return setText(status, t("read.failed", { title: document.title, code: error instanceof ApiError ? error.code : "" }));
    }
    const sha256 = hex(await crypto.subtle.digest("SHA-256", content));
    if (sha256 !== document.sha256) {
      setText(status, t("read.differs", { title: document.title }));
      return void page.refresh().catch(() => undefined); // the list may be the older of the two
    }
    URL.revokeObjectURL(opened.get(document.id)?.url ?? "");
    opened.set(document.id, { sha256, url: URL.createObjectURL(new Blob([content], { type: safeType(document.mime) })) });
    setText(status, "");
    show(document, content);
    draw();
  }

  function show(document: Attachment, content: ArrayBuffer): void {
    const { url } = opened.get(document.id)!;
    const dialog = openDialog(
      document.title,
      { class: "dialog reader" },
      viewer(document, content, url),
      element(
        "div",
        { class: "actions" },
        !document.acknowledged && button(t("read.done"), () => acknowledge(document).then((done) => done && dialog.close()), { class: "primary", data: { testid: "reader-done" } }),
        button(t("read.close"), () => dialog.close(), { data: { testid: "reader-close" } }),
        element("a", { href: url, target: "_blank", rel: "noopener", class: "button" }, t("read.newTab")),
      ),
    );
  }

  function viewer(document: Attachment, content: ArrayBuffer, url: string): HTMLElement {
    const text = () => new TextDecoder().decode(content);
    if (document.mime.startsWith("image/")) return element("div", { class: "reader-body", tabindex: 0 }, element("img", { src: url, alt: document.title }));
    if (/^text\/(x-)?markdown/.test(document.mime)) return element("div", { class: "reader-body", tabindex: 0 }, markdown(text()));
    if (document.mime.startsWith("text/plain")) return element("div", { class: "reader-body", tabindex: 0 }, element("pre", { class: "plain" }, text()));
    if (document.mime === "application/pdf" && navigator.pdfViewerEnabled !== false) return element("iframe", { class: "reader-body", src: url, title: document.title });
    return element("p", { class: "notice", data: { tone: "info" } }, t("read.elsewhere"));
  }

  async function acknowledge(document: Attachment): Promise<boolean> {
    const seen = opened.get(document.id);
    if (!seen) return false;
    try {
      await page.do("attachments", { id: document.id, sha256: seen.sha256 });
      setText(status, t("read.noted", { title: document.title }));
      return true;
    } catch (error) {
      const code = error instanceof ApiError ? error.code : "";
      setText(status, t(code === "hash-differs" ? "read.differs" : "read.notNoted", { title: document.title }));
      if (code === "hash-differs") void page.refresh().catch(() => undefined);
      return false;
    }
  }

  function draw(): void {
    const documents = page.state?.attachments ?? [];
    const key = JSON.stringify([documents, [...opened.keys()]]);
    if (key === drawn) return;
    drawn = key;
    const focused = (document.activeElement as HTMLElement | null)?.dataset.focus;
    setChildren(
      list,
      ...documents.map((each) => {
        const read = Boolean(each.acknowledged);
        const mark = button(t("read.done"), () => acknowledge(each), { class: opened.has(each.id) ? "primary" : "", data: { focus: `done-${each.id}`, testid: "acknowledge" } });
        mark.disabled = !opened.has(each.id);
        return element(
          "li",
          { data: { document: each.id, state: read ? "read" : opened.has(each.id) ? "opened" : "new" } },
          element("span", { class: "dot", "aria-hidden": "true" }),
          element("div", {}, element("strong", {}, each.title), element("small", {}, read ? t("read.readAt", { time: clockTime(each.acknowledged!, page.lang, page.clock.now()) }) : `${bytes(each.size)} · ${t(opened.has(each.id) ? "read.opened" : "read.new")}`)),
          element("span", { class: "row-actions" }, button(t(read ? "read.openAgain" : "read.open"), () => open(each), { data: { focus: `open-${each.id}`, testid: "open-document" }, class: !read && !opened.has(each.id) ? "primary" : "" }), !read && mark),
        );
      }),
    );
    if (focused) list.querySelector<HTMLElement>(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
  }

  return {
    element: element("section", { class: "step" }, element("h1", {}, t("read.title")), element("p", { class: "lead" }, t("read.lead")), list, status),
    update: draw,
    leave() {
      for (const { url } of opened.values()) URL.revokeObjectURL(url);
    },
  };
}

/** A document that is a page could act in the candidate's name; nothing is opened as one. */
const safeType = (mime: string) => (/^(application\/pdf|image\/(png|jpeg|gif|webp)|text\/plain)/.test(mime) ? mime : mime.startsWith("text/") && !/html|xml/.test(mime) ? "text/plain;charset=utf-8" : "application/octet-stream");
