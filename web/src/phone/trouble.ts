// What is wrong with the filming, in one word: the worst of everything that this page can see of itself.

import type { CaptureState } from "../capture/capture";
import type { Trouble as Sending } from "../capture/trouble";
import type { Step } from "./stepnow";

export type Trouble = Sending | "no-format" | "muted" | "camera-lost" | "hidden" | "frozen" | "wake-lock" | "battery" | "dark" | "moving" | "tap";

export interface Battery {
  level: number;
  charging: boolean;
}

export interface Situation {
  step: Step;
  captured: Pick<CaptureState<"phone">, "tab" | "devices" | "recordings" | "failure" | "space" | "trouble"> | null;
  hidden: boolean;
  /** The screen may go dark by itself: the lock that keeps it on was refused. */
  unlocked: boolean;
  /** The browser gives the camera on a tap only. */
  tap: boolean;
  /** Milliseconds since the page stood still; null where it never did. */
  thawed: number | null;
  battery: Battery | null;
  dark: boolean;
  moving: boolean;
}

/** Share of a full battery below which a phone without a charger may not last. */
export const batteryLow = 0.15;
/** How long it is said that there was a standstill, in milliseconds. */
const frozenSaid = 15_000;

const filming: readonly Step[] = ["pan", "place", "film"];
export const isFilming = (step: Step): boolean => filming.includes(step);

/** The worst first: what stops the recording, what may soon, what makes it worth less, what only delays sending. */
export function troubleNow(now: Situation): Trouble | null {
  const { captured } = now;
  if (!captured || captured.tab !== "here") return null;
  if (captured.failure === "no-format") return "no-format";
  if (captured.failure !== null || captured.space.full) return "disk";
  if (isFilming(now.step)) {
    const { camera, microphone } = captured.devices;
    if (now.hidden) return "hidden";
    if (now.tap) return "tap";
    if (!camera.open || !microphone.open) return "camera-lost";
    if (camera.muted || microphone.muted) return "muted";
    if (now.thawed !== null && now.thawed < frozenSaid) return "frozen";
    if (now.battery && !now.battery.charging && now.battery.level < batteryLow) return "battery";
    if (now.unlocked) return "wake-lock";
    if (now.step === "film" && now.dark) return "dark";
    if (now.step === "film" && now.moving) return "moving";
  }
  return captured.trouble;
}

/** Nothing is recorded while these last: the phone makes itself heard. */
const stops: readonly (Trouble | null)[] = ["no-format", "disk", "tap", "camera-lost", "muted", "hidden"];
export const stopsFilming = (trouble: Trouble | null): boolean => stops.includes(trouble);
