// Which step to show. The server decides; what it could not be told yet counts as done meanwhile.

import type { State } from "./api";
import type { Owing } from "./owed";

export type Step = "join" | "allow" | "pan" | "place" | "film" | "send" | "done";

/** Once the candidate has entered, nobody can leave the desk to turn around with a phone: one that takes over is only put in place. */
const entered = ["confirm", "waiting", "answering", "upload", "finished"];

export function needsPan(state: Pick<State, "policy" | "phone" | "attempt">, owing: Owing): boolean {
  return state.policy.pan > 0 && !state.phone.pan && !owing.pan && !entered.includes(state.attempt.step);
}

/** Whether this phone's part is over, and why. */
export function overBecause(state: Pick<State, "policy" | "phone" | "attempt">, owing: Owing): "replaced" | "hand" | "attempt" | null {
  if (state.phone.replacedAt) return "replaced";
  if (state.attempt.ended && state.policy.end === "attempt") return "attempt";
  return state.phone.endedAt || owing.end ? "hand" : null;
}

/** allowed: camera and microphone were open on this page. sent: the server has signed for everything, and nothing is being recorded. */
export function stepNow(state: State | null, owing: Owing, allowed: boolean, sent: boolean): Step {
  if (state === null) return "join";
  if (overBecause(state, owing)) return sent ? "done" : "send";
  if (!allowed) return "allow";
  if (needsPan(state, owing)) return "pan";
  return state.phone.placedAt || owing.place ? "film" : "place";
}
