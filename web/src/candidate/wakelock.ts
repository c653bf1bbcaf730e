// Keeps the screen on: a laptop that falls asleep in the waiting room records nothing.

let wanted = false;
let lock: WakeLockSentinel | null = null;

async function hold(): Promise<void> {
  if (!wanted || lock || document.visibilityState !== "visible" || !("wakeLock" in navigator)) return;
  try {
    lock = await navigator.wakeLock.request("screen");
    // The system takes it back when the page is hidden.
    lock.addEventListener("release", () => (lock = null));
    if (!wanted) await lock.release();
  } catch {
    // Power saving may forbid it; the candidate was told to plug the computer in.
  }
}

document.addEventListener("visibilitychange", () => void hold());

export function keepAwake(on: boolean): void {
  if (wanted === on) return;
  wanted = on;
  if (on) void hold();
  else void lock?.release();
}
