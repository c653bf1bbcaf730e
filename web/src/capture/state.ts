// What a page can show: what is true now, and nothing that is hoped for.

import type { ClockState } from "./clock";
import type { DeviceProblem } from "./devices";
import type { SpaceState, TakeState } from "./protocol";
import type { Ended, Kind, Stamp } from "./take";
import type { Trouble } from "./trouble";

export interface DeviceState {
  open: boolean;
  label: string;
  muted: boolean;
  /** The label is one of a known virtual camera. */
  virtual: boolean;
  problem: DeviceProblem | null;
}

export interface RecordingState {
  /** Whether it should be recorded now. */
  wanted: boolean;
  /** Whether it is. */
  recording: boolean;
}

/** A time in which a recording that was wanted has nothing. */
export interface LostInterval {
  kind: Kind;
  /** Microseconds since 1970, by the server's clock where it was known, else by the device's. */
  from: number;
  /** Null while it goes on. */
  to: number | null;
  cause: Ended | "starting";
}

export interface CaptureState<K extends Kind = "camera" | "screen"> {
  /** "elsewhere": another tab records; this one goes on by itself when that is closed. */
  tab: "opening" | "elsewhere" | "here" | "closed";
  /** Whether takes of earlier runs are still being looked for. */
  recovering: boolean;
  devices: Record<"camera" | "microphone" | "screen", DeviceState>;
  recordings: Record<K, RecordingState>;
  /** In the order in which they began. */
  takes: TakeState[];
  lost: LostInterval[];
  /** Step down from the best bit rates; 0 is the best. */
  level: number;
  /** Measured uplink in bits per second; 0 when not known. */
  rate: number;
  online: boolean;
  /** Why nothing moves; null while it does. */
  trouble: Trouble | null;
  space: SpaceState;
  /** Whether the browser has promised not to clear this site's storage by itself; null before it was asked. */
  persisted: boolean | null;
  clock: ClockState;
  events: { pending: number; dropped: number };
  /** What broke here and needs a person: disk errors, a worker that died. */
  failure: string | null;
  /** Bytes of this attempt that were recorded, and of these the ones for which the server has not yet signed. */
  recorded: number;
  unsigned: number;
  /** Nothing is being recorded, and the server has signed for everything that was. */
  mayClose: boolean;
}

const instant = (stamp: Stamp) => stamp.server ?? stamp.wall;
/** A take that takes over begins before the other ends; only the estimate of the server's clock can move between the two stamps. */
const seamless = 50_000;

/** Times between takes, and after the last one where recording goes on without a take. */
export function lostIntervals(takes: readonly TakeState[], wanted: Partial<Record<Kind, boolean>>, recording: Partial<Record<Kind, boolean>>): LostInterval[] {
  const lost: LostInterval[] = [];
  for (const kind of ["camera", "screen", "phone"] as const) {
    const own = takes.filter((take) => take.kind === kind).sort((a, b) => instant(a.began) - instant(b.began));
    let until: { at: number; cause: Ended } | null = null;
    for (const take of own) {
      if (until && until.cause !== "finished" && instant(take.began) - until.at > seamless) lost.push({ kind, from: until.at, to: instant(take.began), cause: until.cause });
      const end = take.ended ? instant(take.ended) : instant(take.began) + take.length * 1000;
      // Takes overlap where one took over from the other.
      if (!until || end >= until.at) until = { at: end, cause: take.ended?.reason ?? "lost" };
    }
    const live = own.some((take) => take.live && !take.ended);
    if (until && until.cause !== "finished" && wanted[kind] && !recording[kind] && !live) lost.push({ kind, from: until.at, to: null, cause: until.cause });
  }
  return lost.sort((a, b) => a.from - b.from);
}

/** Whether closing the page would lose anything, or leave anything unsent. */
export function mayClose(state: Pick<CaptureState, "tab" | "recovering" | "takes" | "events" | "failure" | "space"> & { recordings: Partial<Record<Kind, RecordingState>> }, attempt: string, underway: number): boolean {
  return (
    state.tab === "here" &&
    !state.recovering &&
    state.failure === null &&
    underway === 0 &&
    state.space.held === 0 &&
    state.events.pending === 0 &&
    Object.values(state.recordings).every((recording) => !recording.wanted && !recording.recording) &&
    state.takes.every((take) => take.attempt !== attempt || take.receipt)
  );
}

const heaviest: Trouble[] = ["disk", "refused", "too-large", "signed-out", "server-full", "server", "network"];

/** The one of several that most needs somebody to do something. */
export function worst(troubles: readonly (Trouble | null)[]): Trouble | null {
  return heaviest.find((trouble) => troubles.includes(trouble)) ?? null;
}
