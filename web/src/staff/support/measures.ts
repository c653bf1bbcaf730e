// What staff can do for a candidate besides deciding on the login and answering: when it makes sense, what it is called, and what it sends.

import type { Key } from "../../i18n";
import type { Action } from "../session";
import { placeOf, type Candidate, type CandidateList } from "./candidates";

export type MeasureName = "waive-devices" | "waive-phone" | "release" | "grant" | "readmit" | "end";

export interface Measure {
  name: MeasureName;
  title: Key;
  /** What will happen. */
  text: Key;
  reasons: Key[];
  /** The least number of minutes that it takes; undefined where time has no part in it. */
  minutes?: number;
  danger: boolean;
  path: "waive" | "release" | "grant" | "readmit" | "end";
  body: (reason: string, minutes: number) => object;
}

/** The most minutes that can be granted at once: four hours. */
export const mostMinutes = 240;

const seconds = (reason: string, minutes: number) => ({ reason, seconds: Math.round(minutes * 60) });

const waive = (step: "devices" | "phone", reasons: Key[]): Measure => ({
  name: `waive-${step}`, title: `support.waive.${step}`, text: `support.waiving.${step}`, reasons, danger: false, path: "waive", body: (reason) => ({ step, reason }),
});

/** What can be done for a candidate at the time of the list, by who may do it. Now is by the server's clock, in microseconds. */
export function measuresFor(c: Candidate, times: CandidateList["times"], now: number, may: (action: Action) => boolean): Measure[] {
  const measures: Measure[] = [];
  const entered = placeOf[c.step] > placeOf.entry;
  const started = times !== null && now >= times.start;
  const over = times !== null && now >= times.end + c.extraSeconds * 1e6;
  if (may("assist")) {
    if (!c.ended && c.waivable.includes("devices")) measures.push(waive("devices", ["support.why.device"]));
    if (!c.ended && c.waivable.includes("phone")) measures.push(waive("phone", ["support.why.phone", "support.why.device"]));
    if (c.signedIn) {
      measures.push({
        name: "release", title: "support.release", text: "support.releaseText", reasons: ["support.why.computer", "support.why.power"], danger: true, path: "release",
        body: (reason) => ({ reason }),
      });
    }
  }
  if (may("grant")) {
    const faults: Key[] = ["support.why.device", "support.why.network", "support.why.power"];
    if (!c.ended && !over) measures.push({ name: "grant", title: "support.grant", text: "support.grantText", reasons: faults, minutes: 1, danger: false, path: "grant", body: seconds });
    if (c.ended || over || (started && !entered)) {
      measures.push({ name: "readmit", title: "support.readmit", text: "support.readmitText", reasons: faults, minutes: over ? 1 : 0, danger: false, path: "readmit", body: seconds });
    }
    if (entered && !c.ended && !over) {
      measures.push({
        name: "end", title: "support.end", text: "support.endText", reasons: ["support.why.request", "support.why.violation"], danger: true, path: "end",
        body: (reason) => ({ reason }),
      });
    }
  }
  return measures;
}
