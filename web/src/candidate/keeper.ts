// Sees to it that what must be recorded is, from whatever start of the page, and that nothing else is.

import { Capture, type CaptureState } from "../capture/capture";
import { chosenDevices } from "./memory";
import type { ScreenName } from "./page";
import { keepAwake } from "./wakelock";

export const recordedScreens: readonly ScreenName[] = ["confirm", "waiting", "answering"];
/** Where a recording that is still on is over. "entry": a rehearsal that begins anew. */
const endedScreens: readonly ScreenName[] = ["upload", "finished", "entry"];

export class Keeper {
  capture: Capture | null = null;
  captured: CaptureState | null = null;
  /** Whether this page has told capture to record. */
  recording = false;
  /** Whether the screen was shared since recording began on this page. */
  hasShared = false;

  constructor(private readonly changed: () => void) {}

  /** Whether leaving the page now would lose something, or leave something unsent. */
  get mayLose(): boolean {
    const { captured } = this;
    return captured !== null && (captured.unsigned > 0 || captured.recordings.camera.recording || captured.recordings.screen.recording);
  }

  /** The screen ought to be shared and is not. */
  shareMissing(screen: ScreenName): boolean {
    const { captured } = this;
    return recordedScreens.includes(screen) && this.recording && captured?.tab === "here" && !captured.devices.screen.open;
  }

  async open(attempt: string): Promise<void> {
    if (this.capture) return;
    const capture = new Capture({ attempt });
    this.capture = capture;
    capture.subscribe((captured) => {
      if (this.capture !== capture) return;
      this.captured = captured;
      this.hasShared ||= captured.devices.screen.open;
      this.changed();
    });
    await capture.open().catch(() => this.changed()); // its state says why
  }

  /** Begins or ends recording as a step wants it. */
  keep(screen: ScreenName, began: () => void, ended: () => void): void {
    const { capture, captured } = this;
    if (!capture || captured?.tab !== "here") return;
    const wanted = recordedScreens.includes(screen);
    keepAwake(wanted);
    if (wanted && !this.recording) {
      this.recording = true;
      capture.record();
      if (!captured.devices.camera.open) void this.openCamera();
      began();
    } else if (this.recording && endedScreens.includes(screen)) {
      this.recording = this.hasShared = false;
      void capture.finish();
      ended();
    }
  }

  /** Opens what was chosen; the devices' state says why it cannot. */
  openCamera(): Promise<void> {
    return this.capture?.useCamera(chosenDevices()).catch(() => undefined) ?? Promise.resolve();
  }

  close(): void {
    void this.capture?.close();
    this.capture = this.captured = null;
    this.recording = this.hasShared = false;
  }
}
