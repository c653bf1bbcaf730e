// Which step to show. The server decides; where it cannot be reached, its clock and its times go on counting here.

import type { State, StepName } from "./api";

/** How long after the end the server's word is waited for: it may have granted time of which nothing is known here. In microseconds. */
const grace = 5e6;

/** now: the server's time; null while it is not known. endedHere: the candidate has ended, and the server may not know yet. */
export function stepNow(state: Pick<State, "times" | "attempt">, now: number | null, endedHere = false): StepName {
  const { step } = state.attempt;
  if (endedHere && (step === "waiting" || step === "answering")) return "upload";
  if (now === null || !state.times || !["confirm", "waiting", "answering"].includes(step)) return step;
  if (now >= state.times.end + grace) return "upload";
  return step === "waiting" && now >= state.times.start ? "answering" : step;
}

/** What the rail shows: eight stops, some of more than one step. */
export const stops = ["devices", "login", "phone", "attachments", "entry", "confirm", "answering", "upload"] as const;
export type Stop = (typeof stops)[number];

const stopOf: Record<StepName, Stop> = {
  devices: "devices", login: "login", phone: "phone", attachments: "attachments", pledge: "attachments", entry: "entry", confirm: "confirm", waiting: "answering", answering: "answering",
  upload: "upload", finished: "upload",
};

export interface RailStop {
  stop: Stop;
  state: "done" | "current" | "ahead";
}

/** The rail for a step. steps: what this exam has. */
export function rail(step: StepName, steps: readonly StepName[]): RailStop[] {
  const here = stops.indexOf(stopOf[step]);
  const has = new Set(steps.map((each) => stopOf[each]));
  return stops
    .map((stop, n): RailStop => ({ stop, state: n < here || step === "finished" ? "done" : n === here ? "current" : "ahead" }))
    .filter(({ stop, state }) => has.has(stop) || state === "current");
}
