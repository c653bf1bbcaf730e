// What a take is, on disk and in messages.

export type Kind = "camera" | "screen" | "phone";

/** A moment by three clocks, in microseconds. */
export interface Stamp {
  /** The device's calendar clock, since 1970. Its owner can change it. */
  wall: number;
  /** performance.now(), since this page was opened. */
  monotonic: number;
  /** The server's clock as estimated here, since 1970; null while the server was never reached. */
  server: number | null;
}

/** Why a take begins. */
export type Began =
  | "start" // somebody started recording
  | "device-back"
  | "device-changed"
  | "share-again"
  | "unmuted"
  | "resolution"
  | "rate"
  | "space"
  | "error" // the recorder before it failed
  | "stalled"
  | "thawed" // the system had stopped the page, and lets it go on
  | "after-reload"; // an earlier page of the attempt was cut short

/** Why a take ended. */
export type Ended =
  | "finished" // somebody ended the recording
  | "device-lost"
  | "device-changed"
  | "share-stopped"
  | "muted"
  | "resolution"
  | "rate"
  | "space" // cut so that what was stored can be removed from this disk
  | "no-space"
  | "error"
  | "stalled"
  | "frozen" // the system stopped the page: a call, a locked screen, another app
  | "page-left" // reload, navigation, closed tab
  | "lost"; // browser or machine stopped without a word

export interface About {
  version: 1;
  /** 16 random bytes, lower-case hexadecimal. */
  take: string;
  attempt: string;
  kind: Kind;
  mime: string;
  /** The labels of the devices. */
  label: string;
  settings: Record<string, unknown>;
  began: Stamp & { reason: Began };
  /** The page run whose monotonic clock the stamps are of. */
  run: string;
  /** The take that this one sends again. */
  replaces?: string;
}

export type End = Stamp & { reason: Ended };

export function newTakeName(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}
