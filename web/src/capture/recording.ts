// A recording of one kind: its takes, one after the other, and why each gave way to the next.

import { Recorder, type RecorderOptions } from "./recorder";
import { newTakeName, type Began, type Ended, type Kind, type Stamp } from "./take";

export interface RecordingHost {
  /** How to record now; null where the browser can record nothing. */
  options(kind: Kind, sound: boolean): RecorderOptions | null;
  began(kind: Kind, take: string, reason: Began, mime: string, tracks: { video: MediaStreamTrack; audio: MediaStreamTrack | null }, options: RecorderOptions): void;
  chunk(take: string, data: Blob, ms: number): void;
  /** at: when it ended, where that is not now. */
  ended(take: string, reason: Ended, ms: number, at?: Stamp): void;
  /** A track ended by itself: the device was pulled out, the share was stopped. */
  trackLost(kind: Kind, which: "video" | "audio"): void;
  changed(): void;
}

interface Run {
  take: string;
  recorder: Recorder;
  /** Whether the take exists: a recorder that never started leaves none. */
  begun: boolean;
  ended: Ended | null;
  /** Where the take ends, if that was found out later only. */
  endedAt: { stamp: Stamp; ms: number } | null;
  size: string;
  over: Promise<void>;
}

/** How long a muted picture is waited for before the take is ended, in milliseconds. */
const mutedAtMost = 2000;
/** How long after a failure the next try is made, by the number of failures in a row. */
const again = (failures: number) => Math.min(15_000, 500 * 2 ** failures);

export class Recording {
  private wanted = false;
  private current: Run | null = null;
  /** The run that takes over from current as soon as it has started: so that no picture is lost between the two. */
  private next: Run | null = null;
  private readonly runs = new Set<Run>();
  private video: MediaStreamTrack | null = null;
  private audio: MediaStreamTrack | null = null;
  /** Why the first take begins, until it has. */
  private first: Began | null = null;
  private mutedSince: number | null = null;
  private failures = 0;
  private retryAt: { at: number; began: Began } | null = null;
  private listeners = new AbortController();

  constructor(
    readonly kind: Kind,
    private readonly host: RecordingHost,
  ) {}

  get state(): { wanted: boolean; recording: boolean } {
    return { wanted: this.wanted, recording: this.current?.recorder.running ?? false };
  }

  get videoTrack(): MediaStreamTrack | null {
    return this.video;
  }

  /**
   * What is recorded from now on. While recording, the next take begins before the last one ends: resolves when the tracks of
   * before are no longer needed.
   */
  async use(video: MediaStreamTrack | null, audio: MediaStreamTrack | null, ended: Ended, began: Began): Promise<void> {
    const before = this.current?.over;
    this.listeners.abort();
    this.listeners = new AbortController();
    const { signal } = this.listeners;
    this.video = video;
    this.audio = audio;
    this.mutedSince = video?.muted ? performance.now() : null;
    video?.addEventListener("ended", () => this.lost("video"), { signal });
    audio?.addEventListener("ended", () => this.lost("audio"), { signal });
    video?.addEventListener("mute", () => (this.mutedSince = performance.now()), { signal });
    video?.addEventListener("unmute", () => this.unmuted(), { signal });
    if (!this.wanted) return;
    if (!this.live) this.interrupt(ended);
    else if (this.current || this.next) this.cut(ended, began);
    else this.begin(began);
    await before;
  }

  private get live(): boolean {
    return this.video?.readyState === "live";
  }

  start(began: Began): void {
    if (this.wanted) return;
    this.wanted = true;
    this.first = began;
    if (this.live) this.begin(began);
    this.host.changed();
  }

  /** Ends the recording; resolves when the recorders have given everything. */
  async finish(ended: Ended = "finished"): Promise<void> {
    this.wanted = false;
    this.retryAt = null;
    this.interrupt(ended);
    await Promise.all([...this.runs].map((run) => run.over));
    this.host.changed();
  }

  /** Begins a new take without a gap. */
  cut(ended: Ended, began: Began): void {
    if (!this.wanted || !this.live) return;
    if (this.next) this.stop(this.next, ended);
    this.next = null;
    this.begin(began, ended);
  }

  /** The page has stood still, or is about to: the take ends at that moment, which is so many milliseconds ago. thaw goes on. */
  freeze(stamp: Stamp, ago = 0): void {
    for (const run of [this.current, this.next]) if (run) run.endedAt = { stamp, ms: Math.max(0, run.recorder.ms - ago) };
    this.interrupt("frozen");
  }

  thaw(): void {
    if (this.wanted && this.live && !this.current) this.begin("thawed");
  }

  /** Ends the take; nothing is recorded until there is something to record. */
  private interrupt(ended: Ended): void {
    for (const run of [this.current, this.next]) if (run) this.stop(run, ended);
    this.current = this.next = null;
    this.host.changed();
  }

  /** replaces: why the take that runs now ends when the new one has started. */
  private begin(began: Began, replaces: Ended | null = null): void {
    const video = this.video!;
    const audio = this.audio?.readyState === "live" ? this.audio : null;
    const options = this.host.options(this.kind, audio !== null);
    if (options === null) return;
    this.retryAt = null;
    const reason = this.first ?? began;
    let over = () => undefined as void;
    const run: Run = { take: newTakeName(), begun: false, ended: null, endedAt: null, size: sizeOf(video), over: new Promise<void>((resolve) => (over = resolve)), recorder: null as unknown as Recorder };
    try {
      run.recorder = new Recorder(new MediaStream(audio ? [video, audio] : [video]), options, {
        started: (mime) => {
          run.begun = true;
          this.first = null;
          this.host.began(this.kind, run.take, reason, mime, { video, audio }, options);
          if (this.next === run) {
            const before = this.current;
            this.current = run;
            this.next = null;
            if (before) this.stop(before, replaces ?? "error");
          }
          this.host.changed();
        },
        chunk: (data, ms) => {
          this.failures = 0;
          this.host.chunk(run.take, data, ms);
          if (this.current === run && !this.next && sizeOf(video) !== run.size) this.cut("resolution", "resolution");
        },
        stopped: (ms) => {
          this.runs.delete(run);
          if (run.begun) this.host.ended(run.take, run.ended ?? this.whyStopped(), run.endedAt?.ms ?? ms, run.endedAt?.stamp);
          over();
          if (run.ended === null) this.stoppedByItself(run);
        },
        failed: () => {
          run.ended ??= "error";
          run.recorder.stop();
          this.stoppedByItself(run);
        },
      });
      this.runs.add(run);
      // What takes over is current only once it has started.
      if (this.current) this.next = run;
      else this.current = run;
      run.recorder.start();
    } catch {
      run.ended = "error";
      this.runs.delete(run);
      over();
      if (this.current === run) this.current = null;
      if (this.next === run) this.next = null;
      this.retry("error");
    }
  }

  private whyStopped(): Ended {
    return this.live ? "error" : this.kind === "screen" ? "share-stopped" : "device-lost";
  }

  private stop(run: Run, ended: Ended): void {
    run.ended ??= ended;
    run.recorder.stop();
  }

  /** A recorder ended without being asked: with its tracks, or broken. */
  private stoppedByItself(run: Run): void {
    const was = this.current === run || this.next === run;
    if (this.current === run) this.current = this.next;
    if (this.next === run || this.current === this.next) this.next = null;
    if (was && this.current === null && this.wanted && this.live) this.retry("error");
    this.host.changed();
  }

  private retry(began: Began): void {
    this.retryAt ??= { at: performance.now() + again(this.failures++), began };
  }

  private lost(which: "video" | "audio"): void {
    if (which === "video") this.interrupt(this.kind === "screen" ? "share-stopped" : "device-lost");
    this.host.trackLost(this.kind, which);
  }

  private unmuted(): void {
    this.mutedSince = null;
    if (this.wanted && this.live && !this.current) this.begin("unmuted");
    this.host.changed();
  }

  /** About once a second. */
  tick(): void {
    const now = performance.now();
    for (const run of [...this.runs]) {
      if (!run.recorder.stalled) continue;
      run.ended ??= "stalled";
      if (this.current === run) this.current = null;
      if (this.next === run) this.next = null;
      run.recorder.abandon();
      if (this.wanted && this.live && !this.current) this.retry("stalled");
    }
    if (!this.wanted) return;
    if (this.mutedSince !== null && this.current && now - this.mutedSince > mutedAtMost) this.interrupt("muted");
    if (this.retryAt && now >= this.retryAt.at && this.live && !this.current) this.begin(this.retryAt.began);
  }
}

function sizeOf(track: MediaStreamTrack): string {
  const { width, height } = track.getSettings();
  return `${width}x${height}`;
}
