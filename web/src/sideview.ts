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

export const sideAlarms = ["silent", "no-format", "disk", "camera-lost", "muted", "tap", "hidden", "interrupted", "full", "empty", "refused", "signed-out", "frozen", "battery", "dark", "moving", "wake-lock", "space", "network"] as const;
export type SideAlarm = (typeof sideAlarms)[number];

/** Alarms that mean that nothing is filmed, or soon will not be. */
const grave: readonly SideAlarm[] = ["silent", "no-format", "disk", "camera-lost", "muted", "tap", "hidden", "interrupted", "full", "empty", "refused", "signed-out"];

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
  // What only delays sending by itself (server, server-full) needs nobody.
  const trouble = sideAlarms.find((each) => each === (status.trouble === "too-large" ? "refused" : status.trouble));
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

type Say = (key: Key, values?: Record<string, string | number>) => string;

/** How a phone that is known to be here, or was, is described: the same words wherever it is shown. */
export function factsOf(view: SideView, now: number, t: Say, sizeOf: (bytes: number) => string): { doing: string; pan: string; battery: string; network: string; unsent: string } {
  const { status, pan } = view;
  const doing = t(doingKey(doingOf(view)));
  return {
    doing: silentFor(view, now) && status ? t("side.doingLast", { doing }) : doing,
    pan: pan === null ? t("side.panNone") : pan.way === "sensor" ? t("side.panSensor", { degrees: pan.degrees }) : t("side.panTimed"),
    battery: status ? batteryOf(status, t) : "–",
    network: status ? networkOf(status, t) : "–",
    unsent: !status ? "–" : status.unsent.bytes === 0 ? t("side.nothingUnsent") : t("side.lag", { bytes: sizeOf(status.unsent.bytes), seconds: Math.round(status.unsent.seconds) }),
  };
}

function batteryOf({ battery }: SideStatus, t: Say): string {
  if (!battery) return t("side.unknown");
  return t(battery.charging ? "side.charging" : "side.notCharging", { percent: Math.round(battery.level * 100) });
}

const networks: Record<string, Key> = { wifi: "side.by.wifi", cellular: "side.by.cellular", ethernet: "side.by.ethernet" };

function networkOf({ network }: SideStatus, t: Say): string {
  const by = networks[network.type ?? ""];
  if (!network.online) return t("side.offline");
  return by ? t("side.onlineBy", { type: t(by) }) : t("side.online");
}
