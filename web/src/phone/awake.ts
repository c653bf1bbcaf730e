// Keeps the screen on: a phone whose screen goes dark stops its pages, and with them the camera.

export class Awake {
  /** Whether the screen is to stay on, and whether the browser has promised that it does. */
  private wanted = false;
  private lock: WakeLockSentinel | null = null;
  private asking = false;

  /** changed: the promise was given, taken back, or refused, and why. */
  constructor(private readonly changed: (held: boolean, problem: string | null) => void) {
    document.addEventListener("visibilitychange", () => void this.hold());
    // iOS 16.4 gives the lock on a touch only, and takes it back whenever the page is hidden.
    document.addEventListener("pointerdown", () => void this.hold());
  }

  get held(): boolean {
    return this.lock !== null;
  }

  keep(on: boolean): void {
    if (this.wanted === on) return;
    this.wanted = on;
    if (on) void this.hold();
    else void this.lock?.release();
  }

  async hold(): Promise<void> {
    if (!this.wanted || this.lock || this.asking || document.visibilityState !== "visible" || !("wakeLock" in navigator)) return;
    this.asking = true;
    try {
      const lock = await navigator.wakeLock.request("screen");
      lock.addEventListener("release", () => {
        if (this.lock !== lock) return;
        this.lock = null;
        this.changed(false, null);
      });
      if (!this.wanted || lock.released) return await lock.release();
      this.lock = lock;
      this.changed(true, null);
    } catch (error) {
      // Power saving forbids it, or it needs a touch: the page says so.
      this.changed(false, error instanceof DOMException ? error.name : String(error));
    } finally {
      this.asking = false;
    }
  }
}
