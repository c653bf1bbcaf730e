// What the browser says of the computer that it runs on.

import { chooseFormat } from "../../capture/formats";
import { bytes } from "../measures";
import { judgePower, judgeStorage, type CheckResult } from "./results";

export function checkBrowser(): CheckResult {
  if (!isSecureContext) return { state: "bad", todo: "check.secureFix" };
  const format = typeof MediaRecorder === "undefined" ? null : chooseFormat((type) => MediaRecorder.isTypeSupported(type), navigator.hardwareConcurrency, true);
  if (format === null || !("locks" in navigator) || typeof navigator.storage?.getDirectory !== "function") return { state: "bad", todo: "check.recorderFix" };
  if (typeof navigator.mediaDevices?.getDisplayMedia !== "function") return { state: "bad", todo: "check.displayFix" };
  return { state: "good", said: "devices.browserFine", values: { format: format.split(";")[0]! } };
}

interface Battery extends EventTarget {
  level: number;
  charging: boolean;
}

/** Calls back now and whenever it changes. */
export async function watchPower(tell: (result: CheckResult) => void, signal: AbortSignal): Promise<void> {
  const ask = (navigator as { getBattery?: () => Promise<Battery> }).getBattery;
  if (!ask) return tell({ state: "good", said: "devices.powerUnknown" });
  const battery = await ask.call(navigator).catch(() => null);
  if (!battery) return tell({ state: "good", said: "devices.powerUnknown" });
  const look = () =>
    tell({ state: judgePower(battery.level, battery.charging), said: battery.charging ? "devices.powerPlugged" : "devices.powerBattery", todo: "devices.powerTodo", values: { percent: Math.round(battery.level * 100) } });
  for (const type of ["levelchange", "chargingchange"]) battery.addEventListener(type, look, { signal });
  look();
}

/** Bytes that are written and removed again: browsers' estimates of free space are not to be trusted. */
const trial = 64e6;

export async function checkStorage(): Promise<CheckResult> {
  const name = "trivue-check";
  let written = false;
  try {
    const root = await navigator.storage.getDirectory();
    try {
      const writer = await (await root.getFileHandle(name, { create: true })).createWritable();
      const piece = new Uint8Array(4e6);
      for (let n = 0; n < trial; n += piece.length) await writer.write(piece);
      await writer.close();
      written = true;
    } finally {
      await root.removeEntry(name).catch(() => undefined);
    }
  } catch {
    // Private windows and full disks: the verdict says so.
  }
  const { quota = 0, usage = 0 } = await navigator.storage.estimate().catch(() => ({}) as StorageEstimate);
  const free = Math.max(0, quota - usage);
  return { state: judgeStorage(free, written), said: written ? "devices.storageFree" : undefined, todo: "devices.storageTodo", values: { free: bytes(free), trial: bytes(trial) } };
}

type ScreenLike = Screen & EventTarget & { isExtended?: boolean };

export const isExtended = (): boolean | null => (screen as ScreenLike).isExtended ?? null;

/** Calls back now and whenever a display is plugged in or out. */
export function watchDisplays(tell: (result: CheckResult) => void, signal: AbortSignal): void {
  const look = () => {
    const extended = isExtended();
    tell(extended ? { state: "bad", said: "devices.displaysMore", todo: "devices.displaysTodo" } : { state: "good", said: extended === null ? "devices.displaysUnknown" : "devices.displaysOne" });
  };
  (screen as ScreenLike).addEventListener?.("change", look, { signal });
  look();
}
