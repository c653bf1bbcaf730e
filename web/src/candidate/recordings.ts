// How far the recordings have come, in words that are true.

import type { CaptureState } from "../capture/capture";
import type { ServerTake } from "./api";

export interface Progress {
  kind: "camera" | "screen";
  takes: number;
  recorded: number;
  /** Bytes that the server has found right and keeps. */
  safe: number;
  /** Whether the server has signed for all of it. */
  signed: boolean;
}

/** One line for each kind of recording of an attempt. */
export function progress(captured: Pick<CaptureState, "takes">, attempt: string): Progress[] {
  return (["camera", "screen"] as const).map((kind) => {
    const own = captured.takes.filter((take) => take.attempt === attempt && take.kind === kind);
    const sum = (of: (take: CaptureState["takes"][number]) => number) => own.reduce((total, take) => total + of(take), 0);
    return { kind, takes: own.length, recorded: sum((take) => take.recorded), safe: sum((take) => take.verified), signed: own.every((take) => take.receipt) };
  });
}

/** Seconds until everything is sent at the measured rate; null where nothing is moving. */
export function secondsLeft(captured: Pick<CaptureState, "takes" | "rate" | "trouble">, attempt: string): number | null {
  const left = progress(captured, attempt).reduce((total, each) => total + each.recorded - each.safe, 0);
  if (left === 0) return 0;
  return captured.rate > 0 && captured.trouble === null ? Math.ceil((left * 8) / captured.rate) : null;
}

/** What the server has of the phone's recordings. */
export function phone(takes: readonly ServerTake[]): { takes: number; bytes: number; signed: boolean } {
  const own = takes.filter((take) => take.kind === "phone");
  return { takes: own.length, bytes: own.reduce((total, take) => total + take.bytes, 0), signed: own.length > 0 && own.every((take) => take.receipt) };
}
