// What a browser must be able to do for an interview. Every check runs on this device; nothing is sent.

import type { Key } from "../i18n";

export interface Check {
  name: Key;
  fix: Key;
  /** Whether it works; detail is shown beside it. */
  run(): Promise<{ ok: boolean; detail?: string }>;
}

/** The least free space, in bytes: three hours of camera and screen at 1.5 Mbit/s each take about that. */
const neededSpace = 2e9;

/** Recording formats, best first: what the browser's own recorder writes steadily and every reviewer can play. */
const formats = ["video/webm;codecs=vp9,opus", "video/webm;codecs=vp8,opus", "video/mp4;codecs=avc1.42E01E,mp4a.40.2", "video/mp4"];

export const secure: Check = {
  name: "check.secure",
  fix: "check.secureFix",
  run: async () => ({ ok: window.isSecureContext }),
};

export const camera: Check = {
  name: "check.camera",
  fix: "check.cameraFix",
  async run() {
    const stream = await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
    const detail = stream.getVideoTracks()[0]?.label;
    stream.getTracks().forEach((track) => track.stop());
    return { ok: true, detail };
  },
};

export const recorder: Check = {
  name: "check.recorder",
  fix: "check.recorderFix",
  async run() {
    const format = typeof MediaRecorder === "undefined" ? undefined : formats.find((f) => MediaRecorder.isTypeSupported(f));
    return { ok: format !== undefined, detail: format?.split(";")[0] };
  },
};

export const display: Check = {
  name: "check.display",
  fix: "check.displayFix",
  run: async () => ({ ok: typeof navigator.mediaDevices?.getDisplayMedia === "function" }),
};

export const storage: Check = {
  name: "check.storage",
  fix: "check.storageFix",
  async run() {
    const root = await navigator.storage.getDirectory();
    await root.getFileHandle("trivue-check", { create: true });
    await root.removeEntry("trivue-check");
    const { quota = 0, usage = 0 } = await navigator.storage.estimate();
    return { ok: quota - usage > neededSpace, detail: `${((quota - usage) / 1e9).toFixed(1)} GB` };
  },
};

export const wake: Check = {
  name: "check.wake",
  fix: "check.wakeFix",
  async run() {
    const lock = await navigator.wakeLock.request("screen");
    await lock.release();
    return { ok: true };
  },
};
