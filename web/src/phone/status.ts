// What the phone sees of itself, for the laptop and for staff. Not evidence: that is what takes and events say.

import type { CaptureState } from "../capture/capture";
import type { Facing } from "../capture/devices";
import type { Picture } from "./picture";
import type { Step } from "./stepnow";
import { stopsFilming, isFilming, type Battery, type Trouble } from "./trouble";

export interface Status {
  run: string;
  stage: "pan" | "place" | "film" | "interrupted" | "send" | "done";
  recording: boolean;
  take: string | null;
  /** Since when it records, or does not; microseconds by the server's clock where it is known. */
  since: number | null;
  hidden: boolean;
  battery: Battery | null;
  network: { online: boolean; type: string | null; downlink: number | null; rtt: number | null };
  unsent: { bytes: number; seconds: number };
  trouble: Trouble | null;
  camera: { facing: Facing; width: number | null; height: number | null };
  picture: Picture;
  space: "enough" | "low" | "full";
}

export interface Seen {
  run: string;
  step: Step;
  attempt: string;
  captured: CaptureState<"phone">;
  trouble: Trouble | null;
  hidden: boolean;
  battery: Battery | null;
  network: Status["network"];
  facing: Facing;
  size: { width: number; height: number } | null;
  picture: Picture;
}

type Takes = CaptureState["takes"];
const moment = (stamp: { server: number | null; wall: number }) => stamp.server ?? stamp.wall;

/** The take that is being recorded. */
export const liveTake = (captured: Pick<CaptureState<"phone">, "takes">): Takes[number] | null => captured.takes.filter((take) => take.live && !take.ended).at(-1) ?? null;

/** What the server does not have safe yet, in bytes and in seconds of recording. */
export function unsent(takes: Takes, attempt: string): Status["unsent"] {
  const own = takes.filter((take) => take.attempt === attempt && !take.receipt);
  const bytes = own.reduce((sum, take) => sum + Math.max(0, take.recorded - take.stored), 0);
  const seconds = own.reduce((sum, take) => sum + (take.recorded > 0 ? ((take.recorded - take.stored) / take.recorded) * (take.length / 1000) : 0), 0);
  return { bytes, seconds: Math.round(seconds) };
}

export function statusOf(seen: Seen): Status | null {
  const { captured, step, trouble } = seen;
  if (step === "join" || step === "allow") return null;
  const { recording } = captured.recordings.phone;
  const take = liveTake(captured);
  const last = captured.takes.filter((each) => each.ended !== null).at(-1);
  const interrupted = isFilming(step) && (!recording || stopsFilming(trouble));
  return {
    run: seen.run, stage: interrupted && captured.recordings.phone.wanted ? "interrupted" : step, recording, take: recording ? (take?.take ?? null) : null,
    since: recording && take ? moment(take.began) : last?.ended ? moment(last.ended) : null,
    hidden: seen.hidden, battery: seen.battery, network: seen.network, unsent: unsent(captured.takes, seen.attempt), trouble,
    camera: { facing: seen.facing, width: seen.size?.width ?? null, height: seen.size?.height ?? null }, picture: seen.picture,
    space: captured.space.full ? "full" : captured.space.low ? "low" : "enough",
  };
}

/** What of a status makes it worth telling at once. */
export const keyOf = (status: Status): string => JSON.stringify([status.stage, status.recording, status.take, status.hidden, status.trouble, status.camera, status.space, status.battery?.charging, status.network.online]);
