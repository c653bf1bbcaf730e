// The candidate's API as the page uses it; docs/interview.md says what the answers mean. Takes and events are capture's.

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
  };
  phone?: { code: string; url: string; qr: string } | null;
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

/** A request that did not do what it should. code is the server's, or "network" where no answer came, or "server" for a broken one. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    readonly status = 0,
    readonly problem: { detail?: string; from?: number; step?: StepName } = {},
    /** Seconds until it makes sense to try again. */
    readonly retryAfter: number | null = null,
  ) {
    super(`${code} (${status})`);
  }
}

const root = "/api/candidate";
/** How long an answer may take, in milliseconds. */
const patience = 20_000;

async function ask(path: string, init: RequestInit = {}, timeout = patience): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(root + path, { cache: "no-store", credentials: "same-origin", ...init, signal: init.signal ?? AbortSignal.timeout(timeout) });
  } catch (error) {
    throw new ApiError("network", 0, { detail: String(error) });
  }
  if (response.ok) return response;
  const said = (await response.json().catch(() => ({}))) as { code?: string; detail?: string; from?: number; step?: StepName };
  const after = Number(response.headers.get("Retry-After"));
  // A proxy in between answers too, and not in our words.
  const code = said.code ?? (response.status === 401 ? "unauthorized" : response.status >= 500 ? "server" : "refused");
  throw new ApiError(code, response.status, said, Number.isFinite(after) && after > 0 ? after : null);
}

/** The body of an answer; a line that breaks in the middle of it is no answer either. */
async function read<T>(response: Response, how: (response: Response) => Promise<T>): Promise<T> {
  try {
    return await how(response);
  } catch (error) {
    throw new ApiError("network", response.status, { detail: String(error) });
  }
}

async function json<T>(path: string, init?: RequestInit): Promise<T> {
  return read(await ask(path, init), (response) => response.json() as Promise<T>);
}

const sending = (method: string, value: unknown): RequestInit => ({ method, body: JSON.stringify(value), headers: { "Content-Type": "application/json" } });

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
  takes: async () => (await json<{ takes: ServerTake[] }>("/takes")).takes,
  /** The server's clock, in microseconds. */
  clock: async () => (await json<{ now: number }>("/clock")).now,
  attachment: async (id: string) => read(await ask(`/attachments/${encodeURIComponent(id)}`, {}, 120_000), (response) => response.arrayBuffer()),
  download: async (bytes: number) => (await read(await ask(`/probe?bytes=${bytes}`, {}, 60_000), (response) => response.arrayBuffer())).byteLength,
  upload: (bytes: Uint8Array<ArrayBuffer>) => ask("/probe", { method: "POST", body: bytes, headers: { "Content-Type": "application/octet-stream" } }, 60_000),
};
