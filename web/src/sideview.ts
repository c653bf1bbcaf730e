// The phone that films from the side, as the laptop's page and the staff's see it: docs/phone.md, "What others see of it". Times are
// microseconds since 1970 by the server's clock.

import type { Key } from "./i18n";

/** What the phone last said of itself. */
export interface SideStatus {
  stage: "pan" | "place" | "film" | "interrupted" | "send" | "done";
  recording: boolean;
  hidden: boolean;
  battery: { level: number; charging: boolean } | null;
  network: { online: boolean; type: string | null; downlink: number | null; rtt: number | null };
  unsent: { bytes: number; seconds: number };
  trouble: string | null;
  space: "enough" | "low" | "full";
}

/** What changes every few seconds. */
export interface SideSaid {
  heard: number;
  status: SideStatus | null;
  still: number | null;
}

export interface SideView extends SideSaid {
  at: number;
  agent: string;
  pan: { at: number; degrees: number; way: "sensor" | "timed" } | null;
  placedAt: number | null;
  endedAt: number | null;
}

/** Without a word for this long a phone is silent: it says something every 5 seconds. */
export const silentAfter = 12e6;

/** Below these a battery that is not being charged is low, and about to be empty. */
const lowBattery = 0.2;
const emptyBattery = 0.1;

export const sideAlarms = ["silent", "ended", "camera-lost", "muted", "tap", "hidden", "frozen", "interrupted", "full", "empty", "battery", "dark", "moving", "wake-lock", "space", "disk", "network"] as const;
export type SideAlarm = (typeof sideAlarms)[number];

/** Alarms that mean that nothing is filmed, or soon will not be. */
const grave: readonly SideAlarm[] = ["silent", "ended", "camera-lost", "muted", "tap", "hidden", "frozen", "interrupted", "full", "empty"];

export const isGrave = (alarm: SideAlarm): boolean => grave.includes(alarm);

/** Whether a phone has nothing more to do: what it says then does not matter. */
export const sideDone = (view: SideView): boolean => view.endedAt !== null && view.status?.stage === "done" && view.status.unsent.bytes === 0;

/** Microseconds since the phone was heard, where that is too long; else 0. */
export function silentFor(view: SideView, now: number): number {
  const age = now - view.heard;
  return !sideDone(view) && age > silentAfter ? age : 0;
}

/** What is wrong with a phone, worst first. What a silent one said last says nothing of now. */
export function alarmOf(view: SideView, now: number): SideAlarm | null {
  const { status } = view;
  if (sideDone(view)) return null;
  if (silentFor(view, now)) return "silent";
  if (!status) return null;
  const trouble = sideAlarms.find((each) => each === status.trouble);
  const { battery } = status;
  const level = battery && !battery.charging ? battery.level : 1;
  const found: (SideAlarm | null | false | undefined)[] = [
    trouble,
    status.stage === "interrupted" && "interrupted",
    status.space === "full" && "full",
    level < emptyBattery ? "empty" : level < lowBattery && "battery",
    status.space === "low" && "space",
    !status.network.online && "network",
  ];
  const alarms = found.filter((each): each is SideAlarm => Boolean(each));
  return alarms.sort((a, b) => sideAlarms.indexOf(a) - sideAlarms.indexOf(b))[0] ?? null;
}

/** What the phone does, in one word. */
export type SideDoing = "joined" | "pan" | "place" | "film" | "stopped" | "send" | "done";

export function doingOf(view: SideView): SideDoing {
  const { status } = view;
  if (!status) return "joined";
  if (status.stage === "film") return status.recording ? "film" : "stopped";
  return status.stage === "interrupted" ? "stopped" : status.stage;
}

export const doingKey = (doing: SideDoing): Key => `side.doing.${doing}`;
export const alarmKey = (alarm: SideAlarm): Key => `side.alarm.${alarm}`;
export const todoKey = (alarm: SideAlarm): Key => `side.todo.${alarm}`;
