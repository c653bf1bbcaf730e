// What candidates' phones say of themselves, apart from the candidates: it changes every few seconds, and is no reason to render a table
// of hundreds anew.

import { inject, shallowRef, triggerRef, type InjectionKey, type ShallowRef } from "vue";
import type { SideSaid, SideView } from "../../sideview";
import type { CandidateList } from "./candidates";

export type Phones = Map<string, SideSaid>;

/** By attempt; the page that hears of them provides it. */
export const phonesKey: InjectionKey<ShallowRef<Phones>> = Symbol("phones");

export function usePhones(): ShallowRef<Phones> {
  return inject(phonesKey, () => shallowRef<Phones>(new Map()), true);
}

/** What a list says of its phones, in the place of what was known. */
export function fromList(phones: ShallowRef<Phones>, list: CandidateList): void {
  phones.value = new Map(list.candidates.flatMap((c) => (c.phone ? [[c.attempt, c.phone] as const] : [])));
}

/** What some phones have said since. */
export function heard(phones: ShallowRef<Phones>, said: Record<string, SideSaid>): void {
  for (const [attempt, one] of Object.entries(said)) phones.value.set(attempt, one);
  triggerRef(phones);
}

/** A candidate's phone with the newest that is known of it. */
export function withNewest(phone: SideView, attempt: string, phones: Phones): SideView {
  const said = phones.get(attempt);
  return said && said.heard >= phone.heard ? { ...phone, heard: said.heard, status: said.status, still: said.still } : phone;
}
