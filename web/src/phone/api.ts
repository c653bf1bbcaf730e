// The phone's API as its page uses it: docs/phone.md. Takes and events are capture's.

import type { Addresses } from "../capture/api";
import { ask as request, read, sending } from "../request";
import type { Status } from "./status";

/** Moments in microseconds since 1970, by the server's clock. */
export interface Times {
  login: number;
  entry: number;
  start: number;
  end: number;
  upload: number;
}

export type Way = "sensor" | "timed";

export interface Pan {
  degrees: number;
  way: Way;
  take: string;
  /** Milliseconds in the take. */
  from: number;
  to: number;
}

export interface State {
  serverTime: number;
  exam: { id: string; title: string; rehearsal: boolean; support: string };
  ticket: string;
  attempt: { id: string; step: string; ended?: { at: number; by: string } | null };
  times: Times | null;
  policy: { pan: number; end: "attempt" | "hand" };
  phone: {
    boundAt: number;
    replacedAt?: number | null;
    pan?: { at: number; degrees: number; way: Way } | null;
    placedAt?: number | null;
    endedAt?: number | null;
  };
}

const root = "/api/phone";
const ask = (path: string, init?: RequestInit) => request(root, path, init);

async function json<T>(path: string, init?: RequestInit): Promise<T> {
  return read(await ask(path, init), (response) => response.json() as Promise<T>);
}

export const api = {
  live: `${root}/live`,
  bind: (code: string) => json<State>("/bind", sending("POST", { code })),
  forget: () => ask("/session", { method: "DELETE" }),
  state: () => json<State>("/state"),
  status: (status: Status) => ask("/status", sending("PUT", status)),
  still: (picture: Blob) => ask("/still", { method: "PUT", body: picture, headers: { "Content-Type": "image/jpeg" } }),
  pan: (pan: Pan) => json<State>("/steps/pan", sending("POST", pan)),
  place: () => json<State>("/steps/place", sending("POST", {})),
  end: (by: "hand" | "attempt") => json<State>("/steps/end", sending("POST", { by })),
};

/** Where a phone's recordings go. */
export const addresses: Addresses = { files: "/files/", api: root, clock: "/api/candidate/clock", as: "phone" };
