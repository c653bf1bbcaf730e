// When a page was left while it recorded. A worker has no time to write then; localStorage has.

import type { Stamp } from "./take";

const prefix = "trivue.left.";

/** Notes that the page is being left, for the takes it is recording. */
export function noteLeft(takes: Iterable<string>, stamp: Stamp): void {
  for (const take of takes) {
    try {
      localStorage.setItem(prefix + take, JSON.stringify(stamp));
    } catch {
      return; // full or forbidden: the takes end as lost
    }
  }
}

/** The page was shown again after all (back-forward cache). */
export function takeBackLeft(takes: Iterable<string>): void {
  for (const take of takes) localStorage.removeItem(prefix + take);
}

/** What earlier pages noted, and forgets it. */
export function readLeft(): Record<string, Stamp> {
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
