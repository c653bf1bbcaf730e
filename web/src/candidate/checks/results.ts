// What trying the devices gave: judged here, shown by the step, kept for the login, sent to the server.

import type { Key } from "../../i18n";
import { device } from "../memory";

export const checkNames = ["browser", "camera", "microphone", "speaker", "screen", "recording", "network", "power", "storage", "displays"] as const;
export type CheckName = (typeof checkNames)[number];
export type CheckState = "idle" | "running" | "good" | "warn" | "bad";

export interface CheckResult {
  state: CheckState;
  /** What was found. */
  said?: Key;
  /** What to do where it is not good. */
  todo?: Key;
  values?: Record<string, string | number>;
}

export type DeviceResults = Record<CheckName, CheckResult>;

/** Without these nobody can be examined; the others are advice. */
export const needed: readonly CheckName[] = ["browser", "camera", "microphone", "screen", "recording", "displays"];

export function nothingTried(): DeviceResults {
  return Object.fromEntries(checkNames.map((name) => [name, { state: "idle" }])) as DeviceResults;
}

/** Checks that stand in the way, and those of them that were tried and failed. */
export function standing(results: DeviceResults): { open: CheckName[]; failed: CheckName[] } {
  const open = needed.filter((name) => !["good", "warn"].includes(results[name].state));
  return { open, failed: open.filter((name) => results[name].state === "bad") };
}

/** A live upload of camera and screen needs some 1.2 Mbit/s at its best and a quarter of that at its least. Bits per second, ms. */
export function judgeNetwork(up: number, down: number, rtt: number): CheckResult["state"] {
  if (up < 3e5 || down < 3e5) return "bad";
  return up < 1.3e6 || down < 1e6 || rtt > 500 ? "warn" : "good";
}

/** level: 0 to 1. A computer without a battery says that it is charging. */
export function judgePower(level: number, charging: boolean): CheckResult["state"] {
  if (charging) return "good";
  return level < 0.3 ? "bad" : "warn";
}

/** free: the browser's estimate, which may be far too high but hardly too low; written: whether a trial could be written. */
export function judgeStorage(free: number, written: boolean): CheckResult["state"] {
  if (!written || free < 5e8) return "bad";
  return free < 2e9 ? "warn" : "good";
}

/** How long results stand, in milliseconds: devices and rooms change from one day to the next. */
const fresh = 12 * 3600e3;

export function rememberResults(exam: string, results: DeviceResults | null): void {
  if (results) device.remember(`devices.${exam}`, { at: Date.now(), results });
  else device.forget(`devices.${exam}`);
}

export function recentResults(exam: string): DeviceResults | null {
  const kept = device.recall<{ at: number; results: DeviceResults }>(`devices.${exam}`);
  return kept && Math.abs(Date.now() - kept.at) < fresh ? kept.results : null;
}
