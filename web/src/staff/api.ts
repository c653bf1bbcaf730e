// The server's JSON API (/openapi.json), as far as the staff pages need it.

import type { Kind } from "../player/timeline";

export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

let unauthorized = (): void => undefined;

/** Sets what happens where a request is refused because its session is over. */
export function onUnauthorized(what: () => void): void {
  unauthorized = what;
}

async function request<T>(method: string, path: string, body?: unknown): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    throw new ApiError("network", String(error));
  }
  if (response.ok) return (response.status === 204 ? undefined : await response.json()) as T;
  const problem = (await response.json().catch(() => ({}))) as { code?: string; detail?: string };
  // A wrong password is refused with the same status, and is not the end of a session.
  if (response.status === 401 && !(method === "POST" && path === "/api/session")) unauthorized();
  throw new ApiError(problem.code ?? "internal", problem.detail ?? response.statusText);
}

export const get = <T>(path: string) => request<T>("GET", path);
export const post = <T>(path: string, body?: unknown) => request<T>("POST", path, body);
export const remove = (path: string) => request<void>("DELETE", path);

export interface Exam {
  id: string;
  title: string;
  startsAt: string;
}

export interface Summary {
  state: "empty" | "uploading" | "working" | "ready" | "failed";
  progress: number;
}

export interface AttemptRow {
  id: string;
  ticket: string;
  createdAt: string;
  summary: Summary;
}

export interface Problem {
  code: string;
  detail: string;
  again?: boolean;
  retry?: boolean;
}

export interface Stage {
  name: "inspect" | "playback" | "sound" | "frames" | "timeline" | "archive";
  state: "pending" | "running" | "done" | "failed" | "skipped";
  progress: number;
  tries: number;
  problem?: Problem;
}

export interface Take {
  id: string;
  name: string;
  uploadId: string;
  size: number;
  received: number;
  state: "uploading" | "received";
  createdAt: string;
  stages: Stage[];
}

export interface Attempt {
  id: string;
  ticket: string;
  revision: number;
  exam: Exam;
  recordings: { kind: Kind; takes: Take[] }[];
  stages: Stage[];
  summary: Summary;
  reviewable: boolean;
}
