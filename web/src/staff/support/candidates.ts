// An exam's candidates as support sees them: what the server says of each, who needs somebody, and in which order. Times are whole
// microseconds since 1970 by the server's clock, as in the API; lengths are seconds.

import type { Kind } from "../../player/timeline";
import type { SideView } from "../../sideview";

export type Step = "devices" | "login" | "phone" | "attachments" | "pledge" | "entry" | "confirm" | "waiting" | "answering" | "upload" | "finished";

export interface Gap {
  kind: Kind;
  from: number;
  to: number;
  cause: string;
}

export interface Message {
  at: number;
  from: "candidate" | "support";
  text: string;
  cause?: string;
}

export interface Recorded {
  kind: Kind;
  takes: number;
  received: number;
  bytes: number;
}

export interface Candidate {
  attempt: string;
  ticket: string;
  name: string;
  hasPhoto: boolean;
  step: Step;
  signedIn: boolean;
  login: { state: "" | "waiting" | "approved" | "refused"; reason: string };
  loginAt: number;
  stills: Record<string, number>;
  waivable: ("devices" | "phone")[];
  help: Message[];
  helpOpen: boolean;
  reentered: number;
  extraSeconds: number;
  lostSeconds: number;
  gaps: Gap[];
  ended: { at: number; by: "candidate" | "time" | "staff" } | null;
  recordings: Recorded[];
  /** The phone that films; null while there is none. What it says meanwhile is in phones.ts. */
  phone: SideView | null;
}

export interface CandidateList {
  serverTime: number;
  times: { login: number; entry: number; start: number; end: number; upload: number } | null;
  rehearsal: boolean;
  candidates: Candidate[];
}

/** A step's place among the eight that the candidate's page shows. */
export const placeOf: Record<Step, number> = {
  devices: 1, login: 2, phone: 3, attachments: 4, pledge: 4, entry: 5, confirm: 6, waiting: 7, answering: 7, upload: 8, finished: 8,
};

/**
 * How old the end of a gap may be, in microseconds, for the gap to count as going on: the server lets one that goes on end with the
 * moment at which it looked, and looks at least every 15 seconds.
 */
const fresh = 2_000_000;

/** The gap that goes on at the time of the list, if there is one. */
export function goingOn(c: Candidate, serverTime: number): Gap | undefined {
  if (c.ended || c.step !== "answering") return undefined;
  return c.gaps.find((gap) => gap.to >= serverTime - fresh);
}

/** Since when a candidate's question has no answer: the first message after the last one of support. */
export function askedAt(c: Candidate): number {
  let since = 0;
  for (const message of c.help) {
    if (message.from === "support") since = 0;
    else since ||= message.at;
  }
  return since;
}

/** What a candidate needs somebody for, most urgent first; "" for nothing. */
export type Need = "login" | "help" | "gap" | "";

/** A candidate with what is worked out from its state and the time of the list that it came with. */
export interface Row {
  candidate: Candidate;
  need: Need;
  /** Everything that it needs somebody for. */
  login: boolean;
  help: boolean;
  gap: Gap | undefined;
  /** Since when its most urgent need is there. */
  since: number;
}

export function rowOf(c: Candidate, serverTime: number): Row {
  const login = c.login.state === "waiting";
  const gap = goingOn(c, serverTime);
  const need: Need = login ? "login" : c.helpOpen ? "help" : gap ? "gap" : "";
  const since = need === "login" ? c.loginAt : need === "help" ? askedAt(c) : (gap?.from ?? 0);
  return { candidate: c, need, login, help: c.helpOpen, gap, since };
}

const urgency: Record<Need, number> = { login: 0, help: 1, gap: 2, "": 3 };

/** Who needs somebody most comes first, of these who has waited longest; the others by their ticket. */
export function byNeed(a: Row, b: Row): number {
  return urgency[a.need] - urgency[b.need] || (a.need ? a.since - b.since : 0) || byTicket(a, b);
}

const tickets = new Intl.Collator("en", { numeric: true });

function byTicket(a: Row, b: Row): number {
  return tickets.compare(a.candidate.ticket, b.candidate.ticket);
}

/** Whether a candidate's ticket or name contains every word of what was typed. */
export function matches(c: Candidate, typed: string): boolean {
  const text = `${c.ticket} ${c.name}`.toLowerCase();
  return typed.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

export interface Counts {
  login: number;
  help: number;
  gap: number;
  answering: number;
  ended: number;
  all: number;
}

export function count(rows: readonly Row[]): Counts {
  const counts: Counts = { login: 0, help: 0, gap: 0, answering: 0, ended: 0, all: rows.length };
  for (const row of rows) {
    counts.login += Number(row.login);
    counts.help += Number(row.help);
    counts.gap += Number(row.gap !== undefined);
    counts.answering += Number(row.candidate.step === "answering");
    counts.ended += Number(row.candidate.ended !== null);
  }
  return counts;
}

/**
 * Makes rows of a new list that keeps each row of before whose candidate says the same: a page of hundreds then renders only what
 * changed. The texts of before are kept by the function that it gives.
 */
export function keepingRows(): (list: CandidateList) => Row[] {
  let known = new Map<string, { text: string; row: Row }>();
  return (list) => {
    const next: typeof known = new Map();
    const rows = list.candidates.map((candidate) => {
      const before = known.get(candidate.attempt);
      const made = rowOf(candidate, list.serverTime);
      const phone = candidate.phone && { ...candidate.phone, heard: 0, status: null, still: null };
      const text = JSON.stringify([{ ...candidate, phone }, made.gap !== undefined]);
      const row = before?.text === text ? before.row : made;
      next.set(candidate.attempt, { text, row });
      return row;
    });
    known = next;
    return rows.sort(byNeed);
  };
}
