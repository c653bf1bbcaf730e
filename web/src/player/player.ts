// The synchronised player: one clock, one view for each recording, one row of controls. It needs no framework, so that the same
// player is in the review page and in a folder on a disk.

import { translate, type Key, type Lang } from "../i18n";
import { Clock } from "./clock";
import { Controls } from "./controls";
import { parseCues } from "./cues";
import { Lanes, type LaneData } from "./lanes";
import { parsePeaks } from "./peaks";
import { kinds, type Kind, type Timeline } from "./timeline";
import { View } from "./view";
import "./player.css";

export interface PlayerData {
  timeline: Timeline;
  source: (file: string) => string;
  waveform: (file: string) => Promise<ArrayBuffer>;
  cues: (file: string) => Promise<string>;
  lang: Lang;
}

/** How long a view that loads may hold up the others, in milliseconds; then they go on, and it catches up. */
const patience = 8000;

/** Gives recordings that were never made a place of their own, so that nobody takes two pictures for all there should be. */
function withMissing(timeline: Timeline): Timeline {
  const missing = (timeline.missing ?? []).map((kind) => ({ kind, takes: [] }));
  const recordings = [...timeline.recordings, ...missing].sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind));
  return { ...timeline, recordings };
}

export class Player {
  readonly clock: Clock;
  readonly views: View[];
  private readonly controls: Controls;
  private readonly lanes: Lanes;
  private wanted = false; // the viewer wants it to play
  private waitingSince = 0;
  private raf = 0;
  private ended = false;
  private soundFrom: Kind | undefined;
  private volume = 1;

  private constructor(
    private readonly root: HTMLElement,
    readonly data: PlayerData,
    lanes: LaneData[],
  ) {
    const t = (key: Key, values?: Record<string, string | number>) => translate(data.lang, key, values);
    const { timeline } = data;
    this.clock = new Clock(timeline.start ?? 0, timeline.duration);
    this.clock.set(0);
    this.views = timeline.recordings.map((recording) => new View(recording, this.clock, t, data.source));
    this.lanes = new Lanes(timeline, lanes, t, data.source, (at) => this.seek(at));
    this.controls = new Controls(this, t);
    root.classList.add("tv-player");
    root.lang = data.lang;
    const stage = document.createElement("div");
    stage.className = "tv-stage";
    stage.append(...this.views.map((view) => view.element));
    stage.dataset.count = String(this.views.length);
    root.replaceChildren(stage, this.lanes.element, this.controls.element);
    this.hear(kinds.find((kind) => timeline.recordings.some((r) => r.kind === kind && r.takes.some((take) => take.audio))));
    // Three pictures side by side waste a wide window's height; one large and two small do not.
    this.enlarge(this.views.length === 3 ? this.views.find((view) => view.recording.takes.length > 0)?.recording.kind : undefined);
    root.addEventListener("keydown", (event) => this.controls.key(event));
    this.tick();
  }

  static async open(root: HTMLElement, given: PlayerData): Promise<Player> {
    const data = { ...given, timeline: withMissing(given.timeline) };
    // Waveform and thumbnails are a help, not the thing itself: without them the player plays.
    const lanes = await Promise.all(
      data.timeline.recordings.map(async (recording): Promise<LaneData> => {
        const peaks = recording.waveform ? await data.waveform(recording.waveform).then(parsePeaks).catch(() => undefined) : undefined;
        const thumbnails = recording.thumbnails ? await data.cues(recording.thumbnails).then(parseCues).catch(() => []) : [];
        return { recording, peaks, thumbnails };
      }),
    );
    return new Player(root, data, lanes);
  }

  get playing(): boolean {
    return this.wanted;
  }

  get sound(): Kind | undefined {
    return this.soundFrom;
  }

  play(): void {
    if (this.clock.now() >= this.data.timeline.duration - 0.05) this.seek(this.data.timeline.start ?? 0);
    this.wanted = true;
    this.waitingSince = performance.now();
    this.views.forEach((view) => view.setPlaying(true));
    this.controls.update();
  }

  pause(): void {
    this.wanted = false;
    this.clock.stop();
    this.views.forEach((view) => view.setPlaying(false));
    this.controls.update();
  }

  toggle(): void {
    if (this.wanted) this.pause();
    else this.play();
  }

  seek(interview: number): void {
    this.clock.set(interview);
    this.waitingSince = performance.now();
    this.views.forEach((view) => view.seek());
    this.lanes.update(this.clock.now());
    this.controls.update();
  }

  step(frames: number): void {
    this.pause();
    const frame = Math.min(...this.views.map((view) => view.frameLength));
    this.seek(this.clock.now() + frames * frame);
  }

  setSpeed(speed: number): void {
    this.clock.setSpeed(speed);
    this.controls.update();
  }

  hear(kind: Kind | undefined): void {
    this.soundFrom = kind;
    this.views.forEach((view) => view.setSound(view.recording.kind === kind, this.volume));
    this.controls.update();
  }

  setVolume(volume: number): void {
    this.volume = volume;
    this.hear(this.soundFrom);
  }

  /** Shows one recording large, or all alike. */
  enlarge(kind: Kind | undefined): void {
    this.root.dataset.large = kind ?? "";
    this.views.forEach((view) => view.element.classList.toggle("tv-large", view.recording.kind === kind));
    this.controls.update();
  }

  get large(): Kind | undefined {
    return (this.root.dataset.large || undefined) as Kind | undefined;
  }

  showErrors(on: boolean): void {
    this.root.classList.toggle("tv-show-errors", on);
    this.controls.update();
  }

  get showsErrors(): boolean {
    return this.root.classList.contains("tv-show-errors");
  }

  fullscreen(): void {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void this.root.requestFullscreen?.();
  }

  /** Seconds by which each view is ahead of the clock. */
  errors(): Partial<Record<Kind, number>> {
    const all: Partial<Record<Kind, number>> = {};
    for (const view of this.views) {
      const error = view.error;
      if (error !== undefined) all[view.recording.kind] = error;
    }
    return all;
  }

  private readonly tick = (): void => {
    if (this.ended) return;
    this.raf = requestAnimationFrame(this.tick);
    this.hold();
    this.views.forEach((view) => view.update());
    const now = this.clock.now();
    this.lanes.update(now);
    this.controls.time(now);
    if (this.clock.playing && now >= this.data.timeline.duration) this.pause();
  };

  /** Stops the clock while a view loads, so that nobody misses what it shows; not for ever. */
  private hold(): void {
    const waiting = this.views.filter((view) => view.waiting);
    this.views.forEach((view) => view.showWaiting(waiting.includes(view)));
    if (!this.wanted) return;
    const late = performance.now() - this.waitingSince > patience;
    if (waiting.length > 0 && !late) {
      if (this.clock.playing) this.clock.stop();
    } else {
      if (!this.clock.playing) this.clock.start();
      if (waiting.length === 0) this.waitingSince = performance.now();
    }
  }

  dispose(): void {
    this.ended = true;
    cancelAnimationFrame(this.raf);
    this.views.forEach((view) => view.dispose());
    this.root.replaceChildren();
  }
}
