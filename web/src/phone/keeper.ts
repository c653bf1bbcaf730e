// Sees to it that the phone films while it should, from whatever start of the page, and that it is given back when the browser took it.

import { Capture, type CaptureState } from "../capture/capture";
import type { Facing } from "../capture/devices";
import { device } from "../candidate/memory";
import { addresses } from "./api";
import { isFilming } from "./trouble";
import type { Step } from "./stepnow";

export type PhoneCapture = Capture<"phone">;
export type Captured = CaptureState<"phone">;

/** Its own folder and its own tab lock: somebody may try both pages in one browser. */
const place = "trivue-phone";
/** After a call iOS may leave a track muted for good: only another one helps. In milliseconds. */
const mutedAtMost = 5000;

export class Keeper {
  capture: PhoneCapture | null = null;
  captured: Captured | null = null;
  /** Camera and microphone were open on this page. */
  allowed = false;
  /** The browser wants a tap before it gives the camera back. */
  tap = false;
  private recording = false;
  private finishing = false;
  private mutedSince: number | null = null;
  private opening: Promise<void> | null = null;

  constructor(private readonly changed: () => void) {}

  get facing(): Facing {
    return device.recall<Facing>("phone.facing") ?? "user";
  }

  /** Whether leaving the page now would lose something, or leave something unsent. */
  get mayLose(): boolean {
    const { captured } = this;
    return captured !== null && (captured.unsigned > 0 || captured.recordings.phone.recording);
  }

  async open(attempt: string): Promise<void> {
    if (this.capture) return;
    const capture = new Capture({ attempt, kinds: ["phone"] as const, place, at: addresses });
    this.capture = capture;
    capture.subscribe((captured) => {
      this.captured = captured;
      if (captured.devices.camera.open && captured.devices.microphone.open) {
        this.allowed = true;
        this.tap = false;
      }
      this.changed();
    });
    await capture.open().catch(() => this.changed()); // its state says why
  }

  /** Asks for camera and microphone. Throws DeviceError. */
  async allow(facing: Facing = this.facing): Promise<void> {
    device.remember("phone.facing", facing);
    this.opening ??= this.capture!.useCamera({ facing }).finally(() => (this.opening = null));
    await this.opening;
    device.remember("phone.allowed", true);
  }

  /** Opens both where that needs no question any more: after a reload, and when a track stays dead. */
  async reopen(): Promise<void> {
    if (this.opening || !device.recall<boolean>("phone.allowed") || document.visibilityState !== "visible") return;
    await this.allow().catch(() => (this.tap = this.allowed));
    this.changed();
  }

  keep(step: Step): void {
    const { capture, captured } = this;
    if (!capture || captured?.tab !== "here") return;
    const wanted = isFilming(step);
    if (wanted && !this.recording) {
      this.recording = true;
      capture.record();
    } else if ((step === "send" || step === "done") && !this.finishing && (this.recording || captured.devices.camera.open)) {
      this.recording = false;
      this.finishing = true;
      void capture.finish().finally(() => (this.finishing = false));
    }
  }

  /** About once a second. */
  tick(): void {
    const { captured } = this;
    if (!this.recording || !captured || document.visibilityState !== "visible") {
      this.mutedSince = null;
      return;
    }
    const { camera, microphone } = captured.devices;
    // Refused while nobody tapped: capture does not ask again by itself.
    if (!camera.open && camera.problem === "denied") this.tap = true;
    const muted = (camera.open && camera.muted) || (microphone.open && microphone.muted);
    this.mutedSince = muted ? (this.mutedSince ?? performance.now()) : null;
    if (this.mutedSince === null || performance.now() - this.mutedSince < mutedAtMost) return;
    this.mutedSince = null;
    void this.reopen();
  }
}
