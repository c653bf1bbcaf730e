// The candidate's API as the page uses it; docs/interview.md says what the answers mean. Takes and events are capture's.

import { ask as request, read, sending } from "../request";
import type { SideView } from "../sideview";

export type StepName = "devices" | "login" | "phone" | "attachments" | "pledge" | "entry" | "confirm" | "waiting" | "answering" | "upload" | "finished";

/** Moments in microseconds since 1970, by the server's clock. */
export interface Times {
  login: number;
  entry: number;
  start: number;
  end: number;
  upload: number;
}

/** What may be known of an exam before signing in. */
export interface ExamInfo {
  serverTime: number;
  id: string;
  title: string;
  rehearsal: boolean;
  support: string;
  times: Times | null;
  skip: StepName[];
  face: "shown" | "blurred";
}

export interface Attachment {
  id: string;
  title: string;
  mime: string;
  size: number;
  sha256: string;
  acknowledged?: number | null;
}

export interface HelpMessage {
  at: number;
  from: string;
  text: string;
}

export interface State {
  serverTime: number;
  exam: { id: string; title: string; rehearsal: boolean; support: string };
  times: Times | null;
  policy: { skip: StepName[]; face: "shown" | "blurred"; timing: "question" | "paper" };
  candidate: { ticket: string; name: string };
  attempt: {
    id: string;
    step: StepName;
    steps: StepName[];
    done: Partial<Record<StepName, number>>;
    /** Steps that support let the candidate go on without. */
    waived: StepName[];
    login: { state: "" | "waiting" | "approved" | "refused"; reason?: string };
    blocked?: { code: string; from?: number; step?: StepName } | null;
    reentered: number;
    extraSeconds: number;
    ended?: { at: number; by: string } | null;
    stills: Partial<Record<StillSide, number>>;
    /** When the server had signed for everything of this computer; the phone may still be sending. */
    laptopSent?: number | null;
  };
  /** code, url and qr while a phone is to be joined; bound is the one that films. */
  phone?: { code?: string; url?: string; qr?: string; bound?: SideView | null } | null;
  attachments: Attachment[];
  pledge?: { text: string; sha256: string } | null;
  help: HelpMessage[];
  questions: { total: number; released: number };
}

export interface Question {
  id: string;
  number: number;
  text: string;
  from: number;
  answerFrom: number;
  until: number;
}

export interface Questions {
  serverTime: number;
  total: number;
  next: number | null;
  ends: number;
  questions: Question[];
}

export type StillSide = "login" | "a4-front" | "a4-back";

/** What the server has of a take. */
export interface ServerTake {
  take: string;
  kind: "camera" | "screen" | "phone";
  state: string;
  bytes: number;
  size: number | null;
  chunks: number;
  receipt: boolean;
}

export { ApiError } from "../request";

const root = "/api/candidate";
const ask = (path: string, init?: RequestInit, timeout?: number) => request(root, path, init, timeout);

async function json<T>(path: string, init?: RequestInit): Promise<T> {
  return read(await ask(path, init), (response) => response.json() as Promise<T>);
}

export const api = {
  live: `${root}/live`,
  exam: (id: string) => json<ExamInfo>(`/exams/${encodeURIComponent(id)}`),
  login: (exam: string, ticket: string, idTail: string) => json<State>("/login", sending("POST", { exam, ticket, idTail })),
  signOut: () => ask("/session", { method: "DELETE" }),
  state: () => json<State>("/state"),
  step: (step: StepName | "restart", body: unknown) => json<State>(`/steps/${step}`, sending("POST", body)),
  questions: () => json<Questions>("/questions"),
  help: (text: string) => ask("/help", sending("POST", { text })),
  still: (side: StillSide, picture: Blob) => ask(`/stills/${side}`, { method: "PUT", body: picture, headers: { "Content-Type": "image/jpeg" } }),
  /** Asks for a code for another phone. */
  askForPhone: () => json<State>("/phone", sending("POST", {})),
  /** What the phone saw at a time: the newest is behind every such address. */
  phoneStill: (at: number) => `${root}/phone/still?at=${at}`,
  takes: async () => (await json<{ takes: ServerTake[] }>("/takes")).takes,
  /** The server's clock, in microseconds. */
  clock: async () => (await json<{ now: number }>("/clock")).now,
  attachment: async (id: string) => read(await ask(`/attachments/${encodeURIComponent(id)}`, {}, 120_000), (response) => response.arrayBuffer()),
  download: async (bytes: number) => (await read(await ask(`/probe?bytes=${bytes}`, {}, 60_000), (response) => response.arrayBuffer())).byteLength,
  upload: (bytes: Uint8Array<ArrayBuffer>) => ask("/probe", { method: "POST", body: bytes, headers: { "Content-Type": "application/octet-stream" } }, 60_000),
};
