// When a page was left while it recorded. A worker has no time to write then; localStorage has.

import type { Stamp } from "./take";

/** Each kind of page has its own: the laptop's must not take what the phone's noted for its own take. */
const prefixOf = (place: string) => `${place}.left.`;

/** Notes that the page is being left, for the takes it is recording. */
export function noteLeft(place: string, takes: Iterable<string>, stamp: Stamp): void {
  for (const take of takes) {
    try {
      localStorage.setItem(prefixOf(place) + take, JSON.stringify(stamp));
    } catch {
      return; // full or forbidden: the takes end as lost
    }
  }
}

/** The page was shown again after all (back-forward cache). */
export function takeBackLeft(place: string, takes: Iterable<string>): void {
  for (const take of takes) localStorage.removeItem(prefixOf(place) + take);
}

/** What earlier pages noted, and forgets it. */
export function readLeft(place: string): Record<string, Stamp> {
  const prefix = prefixOf(place);
  const left: Record<string, Stamp> = {};
  for (const key of Object.keys(localStorage).filter((key) => key.startsWith(prefix))) {
    try {
      left[key.slice(prefix.length)] = JSON.parse(localStorage.getItem(key)!) as Stamp;
    } catch {
      // Somebody else's, or torn: the take ends as lost.
    }
  }
  return left;
}
