// What the page and its worker say to each other.

import type { Addresses, WireEvent } from "./api";
import type { About, End, Kind, Stamp } from "./take";
import type { Trouble } from "./trouble";

export type ToWorker =
  | { type: "open"; attempt: string; at: Addresses; reserve: number; /** The folder of its own that this page has; the laptop's where it is not said. */ place?: string }
  /** left: when pages of earlier runs were left, by the takes that they were recording. */
  | { type: "recover"; left: Record<string, Stamp> }
  | { type: "begin"; about: About }
  | { type: "chunk"; take: string; data: Blob; ms: number }
  | { type: "end"; take: string; end: End; ms: number }
  | { type: "event"; event: WireEvent }
  /** The network is back, or somebody signed in. */
  | { type: "wake" }
  /** Removes what has a receipt. */
  | { type: "forget" }
  | { type: "export"; take: string }
  | { type: "close" };

export type FromWorker =
  | { type: "opened" }
  | { type: "recovered" }
  | { type: "tick" }
  | { type: "take"; take: TakeState }
  | { type: "removed"; take: string; why: "receipt" | "empty" | "resent" }
  | { type: "events"; pending: number; dropped: number; trouble: Trouble | null }
  | { type: "space"; space: SpaceState }
  | { type: "rate"; rate: number }
  | { type: "exported"; take: string; media: Blob | null }
  /** Another tab writes here. */
  | { type: "in-use" }
  | { type: "failed"; message: string };

/** What is known of a take; bytes in the order in which they become safe. */
export interface TakeState {
  take: string;
  attempt: string;
  kind: Kind;
  mime: string;
  label: string;
  began: About["began"];
  /** The run of the page that recorded it. */
  run: string;
  ended: End | null;
  /** Length in milliseconds, as far as it is journaled. */
  length: number;
  /** Whether it is of this run of the page and still being recorded. */
  live: boolean;
  /** Bytes that the recorder gave. */
  recorded: number;
  /** Of these, on this device's disk. */
  journaled: number;
  /** Acknowledged by the server; a crash there may take some back. */
  sent: number;
  /** Safe on the server. */
  stored: number;
  /** Of the stored bytes, those whose chain the server has found right. */
  verified: number;
  chunks: number;
  /** Whether the server has signed for the whole take. */
  receipt: boolean;
  trouble: Trouble | null;
  /** Chunks whose bytes on this disk are no longer what was recorded. */
  damaged: number;
}

export interface SpaceState {
  /** A write has failed, and only what was given up since lets recording go on: bit rates are lowered. */
  low: boolean;
  /** Nothing is left: what is recorded waits in memory. */
  full: boolean;
  /** Bytes kept for bad times that are left. */
  reserve: number;
  /** Bytes that wait in memory. */
  held: number;
  /** Bytes of takes with a receipt that were removed. */
  removed: number;
}
