// What a browser has to have for filming.

import { chooseFormat } from "../capture/formats";

/** "secure": the page did not come by https, and gets no camera. "old": the browser cannot record, or not keep what it records. */
export function lacking(): "secure" | "old" | null {
  if (!window.isSecureContext) return "secure";
  const records = typeof MediaRecorder !== "undefined" && chooseFormat((type) => MediaRecorder.isTypeSupported(type), 2, true) !== null;
  const keeps = typeof navigator.storage?.getDirectory === "function" && "locks" in navigator;
  return records && keeps && navigator.mediaDevices ? null : "old";
}
