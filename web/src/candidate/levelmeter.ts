// How loud a microphone is, as a bar that moves and as a word that does not.

import { element } from "./element";

/** Peaks below this (of 1) are a room's own noise. */
const heardFrom = 0.02;

export class LevelMeter {
  private readonly bar = element("span", { class: "level-bar" });
  readonly element = element("span", { class: "level", "aria-hidden": "true" }, this.bar);
  /** The loudest since the last look. */
  peak = 0;
  private context: AudioContext | null = null;
  private source: MediaStreamAudioSourceNode | null = null;
  private track: MediaStreamTrack | null = null;
  private frame = 0;

  /** Whether something was heard since the last call. */
  get heard(): boolean {
    const heard = this.peak > heardFrom;
    this.peak = 0;
    return heard;
  }

  /** Listens to a track; it stays its owner's to stop. */
  listen(track: MediaStreamTrack | null): void {
    if (track === this.track) return;
    this.track = track;
    this.source?.disconnect();
    this.source = null;
    if (!track) return;
    this.context ??= new AudioContext();
    const analyser = this.context.createAnalyser();
    analyser.fftSize = 1024;
    this.source = this.context.createMediaStreamSource(new MediaStream([track]));
    this.source.connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let shown = 0;
    cancelAnimationFrame(this.frame);
    const look = () => {
      // A page that nobody has touched yet may make no sound, and hears none either until it is touched.
      if (this.context?.state === "suspended" && navigator.userActivation?.hasBeenActive) void this.context.resume();
      analyser.getFloatTimeDomainData(samples);
      const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
      this.peak = Math.max(this.peak, peak);
      // In decibels, as ears hear: −60 dB is nothing, 0 dB is full.
      const level = peak > 0 ? Math.max(0, 1 + (20 * Math.log10(peak)) / 60) : 0;
      shown = Math.max(level, shown * 0.95); // falls slowly, so that short sounds are seen
      this.bar.style.transform = `scaleX(${shown.toFixed(3)})`;
      this.frame = requestAnimationFrame(look);
    };
    look();
  }

  stop(): void {
    cancelAnimationFrame(this.frame);
    this.source?.disconnect();
    void this.context?.close();
    this.context = this.track = null;
  }
}

/** A picture of a camera's track, mirrored as people know themselves. */
export class SelfView {
  readonly element = element("video", { class: "self-view", muted: true, playsinline: true, autoplay: true });
  private track: MediaStreamTrack | null = null;

  /** veiled: the screen is recorded too, and reviewers of this exam see no faces. */
  constructor(label: string, veiled = false) {
    this.element.muted = true; // the attribute alone counts only for elements that a parser made
    this.element.setAttribute("aria-label", label);
    this.element.classList.toggle("veiled", veiled);
  }

  show(track: MediaStreamTrack | null): void {
    if (track === this.track) return;
    this.track = track;
    this.element.srcObject = track ? new MediaStream([track]) : null;
  }
}
