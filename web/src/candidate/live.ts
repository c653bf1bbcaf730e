// What changes, pushed by the server; asked for where nothing can be pushed. It always says whether what it gave still stands.

import { ApiError } from "../request";
import type { SideView } from "../sideview";
import type { Questions, State } from "./api";

export interface Connection {
  /** Whether what the page shows is what the server says now. */
  ok: boolean;
  /** performance.now() when the server was last heard. */
  heard: number;
}

export interface LiveEvents<S = State> {
  state(state: S): void;
  questions?(questions: Questions): void;
  /** What the phone says of itself. */
  phone?(bound: SideView): void;
  connection(connection: Connection): void;
  /** Nobody is signed in here any more: the session ended, or was ended elsewhere. */
  over(): void;
}

/** Where the stream is, and where the state is asked for without it. */
export interface LiveSource<S> {
  live: string;
  state(): Promise<S>;
}

/** Without a sign of life for this long, in milliseconds, the stream counts as dead: the server gives one every 15 s. */
const silence = 40_000;
/** How long after the stream broke the last state still counts as current, in milliseconds. */
const answerWithin = 2000;
/** Milliseconds before the next try, by how many failed; a spread keeps a room of candidates from coming back all at once. */
export const pause = (failures: number, random = Math.random()) => Math.min(10_000, 500 * 2 ** failures) * (0.75 + random / 2);

export class Live<S = State> {
  private source: EventSource | null = null;
  private failures = 0;
  private retry = 0;
  private watchdog = 0;
  private running = false;
  private current: Connection = { ok: false, heard: performance.now() };

  constructor(
    private readonly events: LiveEvents<S>,
    private readonly server: LiveSource<S>,
  ) {}

  get connection(): Connection {
    return this.current;
  }

  start(): void {
    if (this.running) return;
    this.running = true;
    this.failures = 0;
    this.watchdog = window.setInterval(() => this.source && performance.now() - this.current.heard > silence && this.lost(), 5000);
    this.open();
  }

  stop(): void {
    this.running = false;
    clearInterval(this.watchdog);
    clearTimeout(this.retry);
    this.source?.close();
    this.source = null;
  }

  /** Tries again at once: the network is said to be back. */
  kick(): void {
    if (!this.running || (this.source && this.current.ok)) return;
    this.failures = 0;
    this.open();
  }

  /** What is shown is this old, in milliseconds: it comes from before a reload. */
  lastHeard(age: number): void {
    this.current = { ok: false, heard: performance.now() - Math.max(0, age) };
  }

  /** Something else heard from the server. */
  heard(): void {
    const was = this.current;
    this.current = { ok: true, heard: performance.now() };
    if (!was.ok) this.events.connection(this.current);
  }

  private open(): void {
    clearTimeout(this.retry);
    this.source?.close();
    const source = new EventSource(this.server.live);
    this.source = source;
    const on = (type: string, handle: (data: string) => void) =>
      source.addEventListener(type, (event) => {
        if (this.source !== source) return;
        this.failures = 0;
        handle((event as MessageEvent<string>).data);
        this.heard();
      });
    on("state", (data) => this.events.state(JSON.parse(data) as S));
    on("questions", (data) => this.events.questions?.(JSON.parse(data) as Questions));
    on("phone", (data) => this.events.phone?.(JSON.parse(data) as SideView));
    on("beat", () => undefined);
    source.addEventListener("bye", () => this.over());
    source.onerror = () => this.source === source && this.lost();
  }

  /** The stream is gone: asks plainly, says so where there is no answer, and tries again. */
  private lost(): void {
    this.source?.close();
    this.source = null;
    void this.poll();
    clearTimeout(this.retry);
    this.retry = window.setTimeout(() => this.running && this.open(), pause(this.failures++));
  }

  /** Where a proxy lets no stream through, plain questions still get their answers. */
  private async poll(): Promise<void> {
    const late = setTimeout(() => this.silent(), answerWithin);
    try {
      const state = await this.server.state();
      if (!this.running) return;
      this.events.state(state);
      this.heard();
    } catch (error) {
      if (error instanceof ApiError && error.code === "unauthorized") this.over();
      else this.silent();
    } finally {
      clearTimeout(late);
    }
  }

  private silent(): void {
    if (!this.running || !this.current.ok) return;
    this.current = { ...this.current, ok: false };
    this.events.connection(this.current);
  }

  private over(): void {
    if (!this.running) return;
    this.stop();
    this.events.over();
  }
}
