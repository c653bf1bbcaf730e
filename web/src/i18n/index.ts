import { catalogue, type Key } from "./catalogue";

export type Lang = "zh-CN" | "en";
export type { Key };

const remembered = "trivue-lang";

/** The language to begin with: the one chosen before, or the browser's; Chinese unless that is clearly another. */
export function initialLang(wanted?: string | null): Lang {
  const stored = wanted || read();
  if (stored === "zh-CN" || stored === "en") return stored;
  const first = navigator.languages?.[0] ?? navigator.language ?? "zh-CN";
  return first.toLowerCase().startsWith("zh") ? "zh-CN" : "en";
}

function read(): string | null {
  try {
    return localStorage.getItem(remembered);
  } catch {
    return null; // storage may be forbidden, as on a page from disk
  }
}

export function rememberLang(lang: Lang): void {
  try {
    localStorage.setItem(remembered, lang);
  } catch {
    // The choice then lasts as long as the page.
  }
}

export function translate(lang: Lang, key: Key, values: Record<string, string | number> = {}): string {
  return catalogue[key][lang === "zh-CN" ? 0 : 1].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

export function isKey(text: string): text is Key {
  return Object.hasOwn(catalogue, text);
}
