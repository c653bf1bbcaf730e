// One run of MediaRecorder, which is one take.

export interface RecorderOptions {
  mime: string;
  video: number;
  audio: number;
  /** Milliseconds between two chunks. */
  slice: number;
}

export interface RecorderEvents {
  /** The recorder runs; the take begins here. */
  started(mime: string): void;
  /** ms: since the take began. Never empty. */
  chunk(data: Blob, ms: number): void;
  /** The last chunk has been given. */
  stopped(ms: number): void;
  failed(error: unknown): void;
}

/** How long after start, and after each chunk, the next sign of life may take, in milliseconds. */
const startsWithin = 12_000;
const silentAtMost = (slice: number) => Math.max(8_000, 4 * slice);

export class Recorder {
  private readonly recorder: MediaRecorder;
  private beganAt: number | null = null;
  private lastSign = performance.now();
  private over = false;

  constructor(
    readonly stream: MediaStream,
    private readonly options: RecorderOptions,
    private readonly events: RecorderEvents,
  ) {
    const settings: MediaRecorderOptions & { videoKeyFrameIntervalDuration?: number } = {
      mimeType: options.mime,
      videoBitsPerSecond: options.video,
      audioBitsPerSecond: options.audio,
      // Without it a still screen has one key frame in half a minute. Unknown members are ignored.
      videoKeyFrameIntervalDuration: 2000,
    };
    this.recorder = new MediaRecorder(stream, settings);
    this.recorder.onstart = () => {
      if (this.over) return; // given up before it woke
      this.beganAt = this.lastSign = performance.now();
      events.started(this.recorder.mimeType || options.mime);
    };
    this.recorder.ondataavailable = ({ data }) => {
      if (data.size === 0 || this.over) return;
      this.lastSign = performance.now();
      // Safari has given data before it said that it had started.
      if (this.beganAt === null) this.recorder.onstart?.(new Event("start"));
      events.chunk(data, this.ms);
    };
    this.recorder.onerror = (event) => events.failed((event as ErrorEvent).error ?? event);
    this.recorder.onstop = () => this.finish();
  }

  /** Milliseconds since the take began. */
  get ms(): number {
    return this.beganAt === null ? 0 : performance.now() - this.beganAt;
  }

  get running(): boolean {
    return this.beganAt !== null && !this.over;
  }

  start(): void {
    this.lastSign = performance.now();
    this.recorder.start(this.options.slice);
  }

  /** Whether it ought to have given something by now. */
  get stalled(): boolean {
    if (this.over) return false;
    return performance.now() - this.lastSign > (this.beganAt === null ? startsWithin : silentAtMost(this.options.slice));
  }

  /** Lets it give what it still has; stopped is called after that. */
  stop(): void {
    if (this.over) return;
    if (this.recorder.state === "inactive") this.finish();
    else this.recorder.stop();
  }

  /** Ends a recorder that does not answer to stop. */
  abandon(): void {
    this.finish();
    try {
      this.recorder.stop();
    } catch {
      // It had stopped without saying so.
    }
  }

  private finish(): void {
    if (this.over) return;
    const { ms } = this;
    this.over = true;
    this.events.stopped(ms);
  }
}
