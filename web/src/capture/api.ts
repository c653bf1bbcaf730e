// The API as far as takes and events are concerned: docs/interview.md.

import type { Bytes } from "./chain";
import { Refused } from "./refused";

/** How long an answer may take, in milliseconds. */
const patience = 30_000;

export interface Addresses {
  /** Where uploads are made, with a slash at the end. */
  files: string;
  /** Where the API of what records begins, without one. */
  api: string;
  /** Where the server's clock is asked for; `clock` of the API where it is not said. */
  clock?: string;
  /** Whose uploads these are: a browser may have a candidate's session and a phone's. */
  as?: "phone";
}

/** What the server says of a take: bytes that are safe, records of the chain that it has and found right. */
export interface Safe {
  bytes: number;
  chunks: number;
}

export type ChainAnswer = ({ kind: "safe" } & Safe) | { kind: "gap"; chunks: number } | { kind: "differs" };
export type ReceiptAnswer = { kind: "receipt"; note: string } | { kind: "missing" } | { kind: "differs" };

export interface WireEvent {
  id: string;
  kind: string;
  wall: number;
  server: number | null;
  data: unknown;
}

function ask(url: string, init: RequestInit = {}): Promise<Response> {
  return fetch(url, { cache: "no-store", credentials: "same-origin", ...init, signal: AbortSignal.timeout(patience) });
}

async function refuse(response: Response): Promise<never> {
  throw new Refused(response.status, (await response.text()).slice(0, 500));
}

export async function putChain(at: Addresses, take: string, from: number, records: Bytes): Promise<ChainAnswer> {
  const response = await ask(`${at.api}/takes/${take}/chain?from=${from}`, { method: "PUT", body: records, headers: { "Content-Type": "application/octet-stream" } });
  if (response.status === 409) {
    const said = (await response.json()) as { code?: string; chunks?: number };
    if (said.code === "gap" && typeof said.chunks === "number") return { kind: "gap", chunks: said.chunks };
    return said.code === "differs" ? { kind: "differs" } : refuse(response);
  }
  if (!response.ok) return refuse(response);
  return { kind: "safe", ...((await response.json()) as Safe) };
}

export async function getReceipt(at: Addresses, take: string): Promise<ReceiptAnswer> {
  const response = await ask(`${at.api}/takes/${take}/receipt`);
  if (response.status === 200) return { kind: "receipt", note: await response.text() };
  if (response.status === 202) return { kind: "missing" };
  // A proxy's 409 is no verdict on a take.
  if (response.status === 409 && typeof ((await response.clone().json().catch(() => ({}))) as { chunk?: unknown }).chunk === "number") return { kind: "differs" };
  return refuse(response);
}

/** Sends events; gives the identifiers that need not be sent again. */
export async function postEvents(at: Addresses, events: WireEvent[]): Promise<string[]> {
  const response = await ask(`${at.api}/events`, { method: "POST", body: JSON.stringify(events), headers: { "Content-Type": "application/json" } });
  if (!response.ok) return refuse(response);
  const said = (await response.json()) as { taken: string[]; refused?: { id: string }[] };
  return [...said.taken, ...(said.refused ?? []).map((event) => event.id)];
}

/** The server's clock in microseconds. */
export async function getClock(at: Addresses): Promise<number> {
  const response = await ask(at.clock ?? `${at.api}/clock`);
  if (!response.ok) return refuse(response);
  const { now } = (await response.json()) as { now: number };
  if (!Number.isFinite(now)) throw new Error("the server's clock is no number");
  return now;
}
