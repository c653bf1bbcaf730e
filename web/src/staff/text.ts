// Texts of the staff pages, in the language that is on.

import { ref, watchEffect } from "vue";
import { initialLang, isKey, rememberLang, translate, type Key, type Lang } from "../i18n";
import { ApiError, type Problem } from "./api";
import type { Why } from "./uploads";

export const lang = ref<Lang>(initialLang());
watchEffect(() => (document.documentElement.lang = lang.value));

export function t(key: Key, values?: Record<string, string | number>): string {
  return translate(lang.value, key, values);
}

export function switchLang(): void {
  lang.value = lang.value === "zh-CN" ? "en" : "zh-CN";
  rememberLang(lang.value);
}

/** What a person is told of an error. */
export function explain(error: unknown): string {
  const code = error instanceof ApiError ? error.code : "internal";
  const key = `error.${code}`;
  return isKey(key) ? t(key) : t("error.internal");
}

/** What a person is told of a stage's problem. */
export function explainProblem(problem: Problem): string {
  const key = `problem.${problem.code}`;
  return isKey(key) ? t(key) : t("problem.internal");
}

/** What a person is told of an upload that stands still. */
export function explainWhy(why: Why): string {
  return t(`upload.why.${why}`);
}

/** When an exam starts. A rehearsal has no start of its own: the server's zero time. */
export function formatStart(iso: string): string {
  return iso.startsWith("0001-") ? t("exams.anytime") : formatDate(iso);
}

export function formatDate(iso: string): string {
  return new Intl.DateTimeFormat(lang.value, { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso));
}

export function formatBytes(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let i = 0;
  let value = bytes;
  while (value >= 1000 && i < units.length - 1) {
    value /= 1000;
    i++;
  }
  return `${value >= 100 || i === 0 ? Math.round(value) : value.toFixed(1)} ${units[i]}`;
}

export function formatLeft(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  const s = Math.max(0, Math.round(seconds));
  return s >= 3600 ? `${Math.floor(s / 3600)}:${String(Math.floor(s / 60) % 60).padStart(2, "0")}:${String(s % 60).padStart(2, "0")}` : `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
}
