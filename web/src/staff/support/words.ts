// Words that the server's data chooses, and times as support reads them.

import { inject, type InjectionKey, type Ref } from "vue";
import { isKey } from "../../i18n";
import { lang, t } from "../text";
import type { Said } from "./log";

const families = {
  begin: (w: string) => `support.begin.${w}`,
  cause: (w: string) => `support.cause.${w}`,
  clipboard: (w: string) => `support.clipboard.${w}`,
  device: (w: string) => `support.device.${w}`,
  kind: (w: string) => `kind.${w}`,
  side: (w: string) => `support.side.${w}`,
  step: (w: string) => `support.step.${w}`,
  surface: (w: string) => `support.surface.${w}`,
  who: (w: string) => `support.who.${w}`,
};

export type Family = keyof typeof families;

/** A word of a family in the language that is on; one that is not known is said as it is. */
export function word(family: Family, w: string): string {
  const key = families[family](w);
  return isKey(key) ? t(key) : w;
}

/** An event's words, filled in. */
export function inWords(said: Said): string {
  const words = Object.entries(said.words).map(([name, { family, word: w }]) => [name, word(family, w)]);
  return t(said.key, { ...said.values, ...Object.fromEntries(words) });
}

/** Microseconds since 1970 as the time of the day. */
export function clock(micro: number): string {
  return new Intl.DateTimeFormat(lang.value, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false }).format(micro / 1000);
}

/** Now by the server's clock, in microseconds, once a second. The page that knows the server's time provides it. */
export const nowKey: InjectionKey<Ref<number>> = Symbol("now");

export function useNow(): Ref<number> {
  const now = inject(nowKey);
  if (!now) throw new Error("no page above provides the server's time");
  return now;
}
