// The devices of an interview: opened, changed while recording, lost and found again.

import { DeviceError, looksVirtual, openBoth, openCamera, openMicrophone, openScreen, type Facing } from "./devices";
import type { Recording } from "./recording";
import type { DeviceState } from "./state";
import type { Began, Ended, Kind } from "./take";

export type DeviceName = "camera" | "microphone" | "screen";

export interface Chosen {
  camera?: string;
  microphone?: string;
  /** A phone's camera and its microphone, whichever that is. */
  facing?: Facing;
}

const noDevice: DeviceState = { open: false, label: "", muted: false, virtual: false, problem: null };

export class Inputs {
  states: Record<DeviceName, DeviceState> = { camera: noDevice, microphone: noDevice, screen: noDevice };
  camera: MediaStreamTrack | null = null;
  microphone: MediaStreamTrack | null = null;
  private screen: MediaStreamTrack | null = null;
  /** The screen's own clone: each recording has its tracks to itself. */
  private screenSound: MediaStreamTrack | null = null;
  private chosen: Chosen = {};
  private reopening = false;
  /** Whether camera and microphone ought to be there; after stop they ought not. */
  private inUse = false;

  constructor(
    private readonly recordings: Partial<Record<Kind, Recording>>,
    private readonly note: (kind: string, data: object) => void,
    private readonly changed: () => void,
  ) {}

  /** What the camera is recorded for. */
  private get filmed(): Recording | undefined {
    return this.recordings.camera ?? this.recordings.phone;
  }

  /** Opens both, or changes both, with one new take for each recording that is on. */
  async useCamera(chosen: Chosen): Promise<void> {
    this.chosen = chosen;
    this.inUse = true;
    if (chosen.facing) return this.useFacing(chosen.facing);
    const [microphone, camera] = await Promise.allSettled([this.open("microphone"), this.open("camera")]);
    this.apply(microphone.status === "fulfilled" ? microphone.value : null, camera.status === "fulfilled" ? camera.value : null, "device-changed", "device-changed");
    for (const result of [camera, microphone]) if (result.status === "rejected") throw result.reason;
  }

  /** Many phones open a camera only when the other one was let go: between two takes there is a moment without any. */
  private async useFacing(facing: Facing): Promise<void> {
    const before = [this.camera, this.microphone];
    this.camera = this.microphone = null;
    this.states = { ...this.states, camera: noDevice, microphone: noDevice };
    if (before.some(Boolean)) await this.filmed?.use(null, null, "device-changed", "device-changed");
    for (const track of before) track?.stop();
    await this.openFacing(facing, "device-changed");
  }

  private async openFacing(facing: Facing, began: Began): Promise<void> {
    try {
      const { camera, microphone } = await openBoth(facing);
      this.apply(microphone, camera, "device-changed", began);
    } catch (error) {
      // Which of the two it was, browsers do not say.
      for (const device of ["camera", "microphone"] as const) this.refused(device, error as DeviceError);
      throw error;
    }
  }

  async useScreen(): Promise<void> {
    const again = this.recordings.screen?.state.wanted;
    let track: MediaStreamTrack;
    try {
      track = await openScreen();
    } catch (error) {
      this.refused("screen", error as DeviceError);
      throw error;
    }
    const before = this.screen;
    this.screen = track;
    this.set("screen", track);
    this.note("share", { surface: track.getSettings().displaySurface ?? null, label: track.label });
    void this.recordings.screen?.use(track, this.screenSound, "device-changed", again ? "share-again" : "start").then(() => before?.stop());
  }

  /** A track of a recording ended by itself. */
  lost(device: DeviceName): void {
    if (this.states[device].problem === "ended") return; // two recordings have the microphone, and both tell
    this.note("device-lost", { device });
    this.states = { ...this.states, [device]: { ...noDevice, problem: "ended" } };
    if (device === "screen") this.screen = null; // only a person can share again
    this.changed();
    void this.reopen();
  }

  /** Looks for a camera or microphone that was lost. Does nothing while they are there. */
  async reopen(): Promise<void> {
    const gone = (track: MediaStreamTrack | null) => track === null || track.readyState === "ended";
    if (!this.inUse || this.reopening || !(gone(this.microphone) || gone(this.camera))) return;
    const { facing } = this.chosen;
    // A phone would ask its owner again and again; a tap asks once.
    if (facing && this.states.camera.problem === "denied") return;
    this.reopening = true;
    try {
      if (facing && gone(this.microphone) && gone(this.camera)) return await this.openFacing(facing, "device-back").catch(() => undefined);
      const [microphone, camera] = await Promise.all([
        gone(this.microphone) ? this.open("microphone").catch(() => null) : null,
        gone(this.camera) ? this.open("camera").catch(() => null) : null,
      ]);
      this.apply(microphone, camera, "device-lost", "device-back");
    } finally {
      this.reopening = false;
    }
  }

  stop(): void {
    this.inUse = false;
    for (const track of [this.camera, this.microphone, this.screenSound, this.screen]) track?.stop();
    this.camera = this.microphone = this.screenSound = this.screen = null;
    this.states = { camera: noDevice, microphone: noDevice, screen: noDevice };
    this.changed();
  }

  private async open(device: "camera" | "microphone"): Promise<MediaStreamTrack> {
    try {
      return device === "camera" ? await openCamera(this.chosen.camera, this.chosen.facing) : await openMicrophone(this.chosen.microphone);
    } catch (error) {
      this.refused(device, error as DeviceError);
      throw error;
    }
  }

  private apply(microphone: MediaStreamTrack | null, camera: MediaStreamTrack | null, ended: Ended, began: Began): void {
    if (!this.inUse) {
      for (const track of [microphone, camera]) track?.stop(); // stopped while they were being opened
      return;
    }
    if (!microphone && !camera) return;
    const before: (MediaStreamTrack | null)[] = [];
    if (microphone) {
      before.push(this.microphone, this.screenSound);
      this.microphone = microphone;
      this.screenSound = this.recordings.screen ? microphone.clone() : null;
      this.set("microphone", microphone);
    }
    if (camera) {
      before.push(this.camera);
      this.camera = camera;
      this.set("camera", camera);
      if (looksVirtual(camera.label)) this.note("virtual-camera", { label: camera.label });
    }
    void Promise.all([
      this.camera && this.filmed?.use(this.camera, this.microphone, ended, began),
      microphone && this.screen && this.recordings.screen?.use(this.screen, this.screenSound, ended, began),
    ]).then(() => before.forEach((track) => track?.stop()));
  }

  /** A try that failed leaves what is open as it is; the same failure again and again is told once. */
  private refused(device: DeviceName, error: DeviceError): void {
    const state = this.states[device];
    if (state.problem !== error.problem) this.note("device-problem", { device, problem: error.problem });
    this.states = { ...this.states, [device]: { ...state, problem: error.problem } };
    this.changed();
  }

  private set(device: DeviceName, track: MediaStreamTrack): void {
    const state = (): DeviceState => ({ open: true, label: track.label, muted: track.muted, virtual: device === "camera" && looksVirtual(track.label), problem: null });
    const current = () => track === { camera: this.camera, microphone: this.microphone, screen: this.screen }[device];
    for (const type of ["mute", "unmute"]) {
      track.addEventListener(type, () => {
        if (!current()) return;
        this.note("device-muted", { device, muted: track.muted });
        this.states = { ...this.states, [device]: state() };
        this.changed();
      });
    }
    this.states = { ...this.states, [device]: state() };
    this.changed();
  }
}
