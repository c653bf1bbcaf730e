// One recording's place on the page: the video of the take that is on, or a panel that says why there is none.

import type { Key } from "../i18n";
import type { Clock } from "./clock";
import { gapText } from "./gap";
import { correct, nudgeAtMost } from "./sync";
import { formatTime, interviewTime, mediaTime, takeAt, takeEnd, type Recording } from "./timeline";

type Translate = (key: Key, values?: Record<string, string | number>) => string;

/** A picture lasts at most this long in recordings of interviews, in seconds; used where a browser does not tell. */
const usualFrame = 1 / 15;

/** After a jump the view is left alone this long, in milliseconds: it is still on its way. */
const settleTime = 400;

/**
 * A view's speed changes at most this often, in milliseconds: Chromium loses time with each change, so that a view whose speed
 * is set for every picture stays behind by as much as the correction gains.
 */
const paceTime = 500;

export class View {
  readonly element = document.createElement("figure");
  private readonly panel = document.createElement("p");
  private readonly spinner = document.createElement("span");
  private readonly label = document.createElement("figcaption");
  private readonly errorText = document.createElement("output");
  private readonly videos: HTMLVideoElement[];
  private readonly presented: number[]; // media time of the picture on screen
  private readonly frame: number[];
  private readonly jumped: number[];
  private readonly paced: number[]; // when the speed was last changed
  private active = -1;
  private playing = false;

  constructor(
    readonly recording: Recording,
    private readonly clock: Clock,
    private readonly t: Translate,
    source: (file: string) => string,
  ) {
    this.element.className = "tv-view";
    this.element.dataset.testid = `view-${recording.kind}`;
    this.panel.className = "tv-panel";
    this.spinner.className = "tv-spinner";
    this.spinner.hidden = true;
    this.spinner.setAttribute("role", "status");
    this.spinner.setAttribute("aria-label", t("player.loading"));
    this.errorText.className = "tv-error";
    const name = document.createElement("span");
    name.textContent = t(`kind.${recording.kind}`);
    this.label.append(name, this.errorText);
    this.videos = recording.takes.map((take) => this.makeVideo(source(take.file)));
    this.presented = recording.takes.map(() => 0);
    this.frame = recording.takes.map(() => usualFrame);
    this.jumped = recording.takes.map(() => -Infinity);
    this.paced = recording.takes.map(() => -Infinity);
    this.videos.forEach((video, i) => this.follow(video, i));
    this.element.append(...this.videos, this.panel, this.spinner, this.label);
    this.update();
  }

  private makeVideo(url: string): HTMLVideoElement {
    const video = document.createElement("video");
    video.src = url;
    video.preload = "auto";
    video.muted = true;
    video.playsInline = true;
    video.disablePictureInPicture = true;
    video.hidden = true;
    video.setAttribute("aria-label", this.t(`kind.${this.recording.kind}`));
    return video;
  }

  /** Learns how long a picture lasts from those that are shown. */
  private follow(video: HTMLVideoElement, index: number): void {
    if (!("requestVideoFrameCallback" in video)) return;
    const noted = (_: number, frame: VideoFrameCallbackMetadata) => {
      const step = frame.mediaTime - this.presented[index]!;
      if (step > 0.005 && step < 0.2) this.frame[index] = step;
      this.presented[index] = frame.mediaTime;
      video.requestVideoFrameCallback(noted);
    };
    video.requestVideoFrameCallback(noted);
  }

  /** Whether the take that is due cannot be shown yet, so that the clock should wait. */
  get waiting(): boolean {
    const video = this.videos[this.active];
    return !!video && !video.error && video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA && !video.ended && !this.atEnd(video);
  }

  private atEnd(video: HTMLVideoElement): boolean {
    return video.readyState >= HTMLMediaElement.HAVE_METADATA && video.currentTime >= video.duration - 0.1;
  }

  /** How far ahead of the clock what is shown is, in seconds of interview time; undefined where nothing is. */
  get error(): number | undefined {
    const video = this.videos[this.active];
    const take = this.recording.takes[this.active];
    if (!video || !take || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || video.seeking) return undefined;
    return interviewTime(take, video.currentTime) - this.clock.now();
  }

  /** Called for every picture of the page: shows the right take and keeps it on the clock. */
  update(): void {
    const now = this.clock.now();
    const due = takeAt(this.recording, now);
    if (due !== this.active) this.change(due);
    const video = this.videos[due];
    const take = this.recording.takes[due];
    if (!video || !take) {
      this.explain(now);
      return;
    }
    this.panel.hidden = !(video.error || !take.video);
    this.panel.textContent = video.error ? this.t("player.cannotPlay") : this.t("player.soundOnly");
    if (video.error) return;
    if (this.playing && video.paused && !this.atEnd(video)) void video.play().catch(() => undefined);
    if (!this.playing && !video.paused) video.pause();
    this.keep(video, take.rate, due, mediaTime(take, now));
    this.showError();
  }

  private keep(video: HTMLVideoElement, rate: number, index: number, wanted: number): void {
    const base = this.clock.speed / rate;
    if (video.seeking || performance.now() - this.jumped[index]! < settleTime) return;
    const off = video.currentTime - wanted;
    if (!this.playing) {
      if (Math.abs(off) > 0.002) this.jump(video, index, wanted);
      return;
    }
    const action = correct(off, Math.min(this.frame[index]!, usualFrame) / 2);
    if (action.kind === "seek") {
      this.jump(video, index, wanted);
      return;
    }
    const target = action.kind === "nudge" ? base * action.factor : base;
    if (Math.abs(video.playbackRate - target) <= 1e-6) return;
    // Another speed chosen by the viewer is no correction, and is not delayed.
    const chosen = Math.abs(video.playbackRate / base - 1) > nudgeAtMost + 1e-6;
    if (!chosen && performance.now() - this.paced[index]! < paceTime) return;
    this.paced[index] = performance.now();
    video.playbackRate = Math.min(16, Math.max(0.0625, target));
  }

  private jump(video: HTMLVideoElement, index: number, wanted: number): void {
    if (video.readyState < HTMLMediaElement.HAVE_METADATA) return;
    this.jumped[index] = this.playing ? performance.now() : -Infinity;
    video.currentTime = Math.min(Math.max(0, wanted), Math.max(0, video.duration - 0.01));
  }

  private change(to: number): void {
    this.videos[this.active]?.pause();
    this.videos.forEach((video, i) => (video.hidden = i !== to));
    this.active = to;
    this.element.classList.toggle("tv-empty", to < 0);
    const video = this.videos[to];
    if (video) video.muted = this.element.dataset.sound !== "on";
  }

  private explain(now: number): void {
    const { takes, gaps } = this.recording;
    const gap = gaps?.find((g) => now >= g.start - 0.01 && now < g.end + 0.01);
    this.panel.hidden = false;
    this.errorText.textContent = "";
    const first = takes[0];
    const last = takes[takes.length - 1];
    if (gap) this.panel.textContent = gapText(gap, this.t);
    else if (!first || !last) this.panel.textContent = this.t("player.missing");
    else if (now < first.start) this.panel.textContent = this.t("player.before", { at: formatTime(first.start, false) });
    else this.panel.textContent = this.t("player.after", { at: formatTime(takeEnd(last), false) });
  }

  private showError(): void {
    if (!this.element.closest(".tv-show-errors")) return;
    const { error } = this;
    this.errorText.textContent = error === undefined ? "…" : `${error < 0 ? "−" : "+"}${Math.abs(error * 1000).toFixed(0)} ms`;
  }

  setPlaying(playing: boolean): void {
    this.playing = playing;
    this.update();
  }

  /** Jumps to the clock's time at once. */
  seek(): void {
    this.update();
    const take = this.recording.takes[this.active];
    const video = this.videos[this.active];
    if (video && take) this.jump(video, this.active, mediaTime(take, this.clock.now()));
  }

  showWaiting(waiting: boolean): void {
    this.spinner.hidden = !waiting;
  }

  setSound(on: boolean, volume: number): void {
    this.element.dataset.sound = on ? "on" : "off";
    this.videos.forEach((video, i) => {
      video.muted = !on || i !== this.active;
      video.volume = volume;
    });
  }

  /** Length of one picture at the moment, in seconds. */
  get frameLength(): number {
    return this.frame[this.active] ?? usualFrame;
  }

  get shown(): HTMLVideoElement | undefined {
    return this.videos[this.active];
  }

  dispose(): void {
    for (const video of this.videos) {
      video.pause();
      video.removeAttribute("src");
      video.load();
    }
  }
}
