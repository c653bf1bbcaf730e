// What is wrong now, and what to do: said on every step, worst first, and only while it is so.

import type { CaptureState } from "../capture/capture";
import type { Key } from "../i18n";
import { alarmKey, alarmOf, isGrave, silentFor, todoKey, type SideView } from "../sideview";
import type { ScreenName } from "./page";

export type Tone = "bad" | "warn" | "info";

export interface Wrong {
  id: string;
  tone: Tone;
  title: Key;
  todo: Key;
  values?: Record<string, string | number>;
  /** What a button on it does. */
  action?: "camera" | "sign-in" | "help" | "phone";
}

export interface Situation {
  screen: ScreenName;
  /** Whether somebody is signed in: only then is a connection kept. */
  known: boolean;
  connected: boolean;
  /** Seconds since the server was last heard. */
  silentFor: number;
  online: boolean;
  signedOut: boolean;
  /** Whether it records, or ought to. */
  recording: boolean;
  captured: Pick<CaptureState, "tab" | "devices" | "recordings" | "failure" | "space" | "trouble" | "persisted"> | null;
  /** The phone that films, and the server's time, by which its silence is measured. */
  phone: SideView | null;
  now: number | null;
}

export function wrongs(now: Situation): Wrong[] {
  const found: Wrong[] = [];
  const { captured } = now;
  if (now.signedOut) found.push({ id: "signed-out", tone: "bad", title: "wrong.signedOut", todo: now.recording ? "wrong.signedOutRecording" : "wrong.signedOutTodo", action: "sign-in" });
  if (captured) found.push(...ofCapture(now, captured));
  if (now.known && !now.connected && !now.signedOut) {
    if (!now.online && now.recording) found.push({ id: "offline", tone: "warn", title: "wrong.offlineRecording", todo: "wrong.offlineRecordingTodo", values: { seconds: now.silentFor } });
    else found.push({ id: "offline", tone: now.recording ? "warn" : "bad", title: "wrong.lost", todo: now.recording ? "wrong.lostRecordingTodo" : "wrong.lostTodo", values: { seconds: now.silentFor } });
  }
  found.push(...ofPhone(now));
  const rank: Tone[] = ["bad", "warn", "info"];
  return found.sort((a, b) => rank.indexOf(a.tone) - rank.indexOf(b.tone));
}

function ofCapture(now: Situation, captured: NonNullable<Situation["captured"]>): Wrong[] {
  const found: Wrong[] = [];
  if (captured.failure === "no-space") found.push({ id: "failure", tone: "bad", title: "wrong.noSpace", todo: "wrong.noSpaceTodo", action: "help" });
  else if (captured.failure === "no-format") found.push({ id: "failure", tone: "bad", title: "wrong.noFormat", todo: "wrong.noFormatTodo", action: "help" });
  else if (captured.failure !== null) found.push({ id: "failure", tone: "bad", title: "wrong.failure", todo: "wrong.failureTodo", values: { what: captured.failure }, action: "help" });
  if (now.recording && captured.tab === "here") {
    const { camera, microphone } = captured.devices;
    if (!camera.open) found.push({ id: "camera", tone: "bad", title: "wrong.camera", todo: todoFor(camera.problem), action: "camera" });
    else if (camera.muted) found.push({ id: "camera", tone: "bad", title: "wrong.cameraMuted", todo: "wrong.cameraMutedTodo" });
    if (!microphone.open) found.push({ id: "microphone", tone: "bad", title: "wrong.microphone", todo: todoFor(microphone.problem), action: "camera" });
    else if (microphone.muted) found.push({ id: "microphone", tone: "bad", title: "wrong.microphoneMuted", todo: "wrong.microphoneMutedTodo" });
    if (camera.virtual) found.push({ id: "virtual", tone: "bad", title: "wrong.virtual", todo: "wrong.virtualTodo", values: { label: camera.label } });
  }
  if (captured.space.full) found.push({ id: "space", tone: "bad", title: "wrong.spaceFull", todo: "wrong.spaceFullTodo" });
  else if (captured.space.low) found.push({ id: "space", tone: "warn", title: "wrong.spaceLow", todo: "wrong.spaceLowTodo" });
  // Where nothing moves for want of network, the connection's own notice says it.
  const { trouble } = captured;
  if (trouble === "disk") found.push({ id: "trouble", tone: "bad", title: "wrong.disk", todo: "wrong.diskTodo", action: "help" });
  else if (trouble === "refused" || trouble === "too-large") found.push({ id: "trouble", tone: "bad", title: "wrong.refused", todo: "wrong.refusedTodo", action: "help" });
  else if (trouble === "server-full") found.push({ id: "trouble", tone: "warn", title: "wrong.serverFull", todo: "wrong.serverFullTodo" });
  else if (trouble === "server" && now.connected) found.push({ id: "trouble", tone: "warn", title: "wrong.server", todo: "wrong.serverTodo" });
  else if (trouble === "network" && now.connected && now.screen === "upload") found.push({ id: "trouble", tone: "warn", title: "wrong.uploadNetwork", todo: "wrong.uploadNetworkTodo" });
  return found;
}

/** Its own step says what is wrong with the phone itself. What a page without connection knows of it is old. */
function ofPhone({ phone, now, screen, connected, signedOut }: Situation): Wrong[] {
  if (!phone || now === null || !connected || signedOut || !sidedScreens.includes(screen)) return [];
  const alarm = alarmOf(phone, now);
  if (!alarm) return [];
  const values = alarm === "silent" ? { values: { seconds: Math.floor(silentFor(phone, now) / 1e6) } } : {};
  return [{ id: "phone", tone: isGrave(alarm) ? "bad" : "warn", title: alarmKey(alarm), todo: todoKey(alarm), ...values, action: "phone" }];
}

/** From when the phone stands to when it has sent everything. */
const sidedScreens: ScreenName[] = ["attachments", "pledge", "entry", "confirm", "waiting", "answering", "upload"];

/** What to do about a device that cannot be had. */
export function todoFor(problem: string | null): Key {
  const known: Record<string, Key> = { denied: "device.deniedTodo", missing: "device.missingTodo", busy: "device.busyTodo", ended: "device.endedTodo" };
  return known[problem ?? ""] ?? "device.failedTodo";
}
