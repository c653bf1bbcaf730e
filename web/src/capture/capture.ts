// The capture engine as a page sees it: devices in, an honest state out. docs/interview.md is what it promises.

import { getClock, type Addresses, type WireEvent } from "./api";
import { ServerClock } from "./clock";
import { bitRates, chooseFormat, chooseLevel } from "./formats";
import { Inputs, type Chosen } from "./inputs";
import { noteLeft, readLeft, takeBackLeft } from "./left";
import { Limiter } from "./limiter";
import { PhoneWatch } from "./phonewatch";
import type { FromWorker, TakeState, ToWorker } from "./protocol";
import type { RecorderOptions } from "./recorder";
import { Recording, type RecordingHost } from "./recording";
import { SignalWatch } from "./signals";
import { heldAtMost } from "./space";
import { lostIntervals, mayClose, worst, type CaptureState } from "./state";
import { becomeTheTab } from "./tablock";
import type { About, Began, Kind } from "./take";
import type { Trouble } from "./trouble";

export type { CaptureState } from "./state";
export { DeviceError } from "./devices";

export interface CaptureOptions<K extends Kind = "camera" | "screen"> {
  attempt: string;
  /** What it records: on a phone the one recording is its camera with its own microphone. */
  kinds?: readonly K[];
  /** The name of what this page has for itself on the disk, and of which one tab at a time may be open. */
  place?: string;
  at?: Addresses;
  /** Milliseconds between two chunks. */
  slice?: number;
  /** Bytes on the disk that are kept for the case that it runs full. */
  reserve?: number;
}

/** Seconds between two probes of the clock: often at first, for an early start of recording. */
const probeEvery = (probes: number) => (probes < 5 ? 2 : 30);
/** Seconds after which a lost device is looked for again, and between two takes that are cut for bit rate or space. */
const reopenEvery = 3;
const cutAtMostEvery = 90;

export class Capture<K extends Kind = "camera" | "screen"> {
  private readonly clock: ServerClock;
  private readonly limiter = new Limiter();
  private readonly signals = new SignalWatch((kind, data) => this.note(kind, data));
  private readonly takes = new Map<string, TakeState>();
  private readonly listeners = new Set<(state: CaptureState<K>) => void>();
  private readonly recordings: Record<K, Recording>;
  private readonly inputs: Inputs;
  /** Takes that the worker has not yet said to be on disk. */
  private readonly underway = new Set<string>();
  private readonly off = new AbortController();
  /** Names this page's run in stamps and events. */
  readonly run = crypto.randomUUID().slice(0, 8);
  private readonly exports = new Map<string, (media: Blob | null) => void>();
  private worker: Worker | null = null;
  private letGo: () => void = () => undefined;
  private opening: { done: () => void; failed: (error: Error) => void } | null = null;
  /** Whether an earlier page was left while it recorded. */
  private wasLeft = false;
  private seconds = 0;
  private lastCut = -Infinity;
  private probing = false;
  private eventTrouble: Trouble | null = null;
  private published = false;
  private current: CaptureState<K>;
  private readonly kinds: readonly K[];
  private readonly place: string;
  /** Where a phone films: its system stops pages. */
  private readonly phone: PhoneWatch | null;

  constructor(private readonly options: CaptureOptions<K>) {
    this.kinds = options.kinds ?? (["camera", "screen"] satisfies Kind[] as readonly Kind[] as readonly K[]);
    this.place = options.place ?? "trivue";
    this.clock = new ServerClock(undefined, undefined, (jump) => this.note("clock-jump", jump));
    const host: RecordingHost = {
      options: (kind, sound) => this.recorderOptions(kind, sound),
      began: (kind, take, reason, mime, tracks, settings) => this.took(kind, take, reason, mime, tracks, settings),
      chunk: (take, data, ms) => this.order({ type: "chunk", take, data, ms }),
      ended: (take, reason, ms, at) => this.order({ type: "end", take, end: { ...(at ?? this.clock.stamp()), reason }, ms }),
      trackLost: (kind, which) => this.inputs.lost(which === "audio" ? "microphone" : kind === "screen" ? "screen" : "camera"),
      changed: () => this.changed(),
    };
    this.recordings = this.each((kind) => new Recording(kind, host));
    this.phone = (this.kinds as readonly Kind[]).includes("phone") ? this.watchPhone() : null;
    this.inputs = new Inputs(this.recordings, (kind, data) => this.note(kind, data), () => this.changed());
    this.current = {
      tab: "opening", recovering: true, devices: this.inputs.states,
      recordings: this.each((kind) => this.recordings[kind].state), takes: [], lost: [], level: 0, rate: 0, online: navigator.onLine, trouble: null,
      space: { low: false, full: false, reserve: 0, held: 0, removed: 0 }, persisted: null, clock: this.clock.state, events: { pending: 0, dropped: 0 },
      failure: null, recorded: 0, unsigned: 0, mayClose: false,
    };
  }

  private each<T>(of: (kind: K) => T): Record<K, T> {
    return Object.fromEntries(this.kinds.map((kind) => [kind, of(kind)])) as Record<K, T>;
  }

  private get all(): Recording[] {
    return Object.values(this.recordings);
  }

  get state(): CaptureState<K> {
    return this.current;
  }

  /** Calls back now and whenever the state has changed, at most once per task. Gives the function that ends that. */
  subscribe(listener: (state: CaptureState<K>) => void): () => void {
    this.listeners.add(listener);
    listener(this.current);
    return () => this.listeners.delete(listener);
  }

  /** Becomes the one tab, opens the journal, and sends what earlier runs have left. Waits while another tab is open; throws where nothing can be kept. */
  async open(): Promise<void> {
    const { signal } = this.off;
    const letGo = await becomeTheTab(() => this.set({ tab: "elsewhere" }), `${this.place}-capture`);
    if (signal.aborted) return letGo();
    this.letGo = letGo;
    this.worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    this.worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.hear(data);
    this.worker.onerror = (event) => this.fail(event.message || "worker");
    const opened = new Promise<void>((done, failed) => (this.opening = { done, failed }));
    this.order({ type: "open", attempt: this.options.attempt, at: this.at, reserve: this.options.reserve ?? 64 << 20, place: this.place });
    await opened;
    this.opening = null;
    this.set({ tab: "here" });
    const left = readLeft(this.place);
    this.wasLeft = Object.keys(left).length > 0;
    this.order({ type: "recover", left });
    takeBackLeft(this.place, Object.keys(left));
    window.addEventListener("online", () => this.wake(), { signal });
    window.addEventListener("offline", () => this.set({ online: false }), { signal });
    window.addEventListener("pagehide", () => this.leaving(), { signal });
    window.addEventListener("pageshow", (event) => event.persisted && takeBackLeft(this.place, this.liveTakes()), { signal });
    navigator.mediaDevices.addEventListener("devicechange", () => void this.inputs.reopen(), { signal });
    this.phone?.start(signal);
    this.signals.start();
    this.note("page-opened", { run: this.run, navigation: (performance.getEntriesByType("navigation")[0] as PerformanceNavigationTiming | undefined)?.type ?? null, agent: navigator.userAgent, processors: navigator.hardwareConcurrency });
    void this.probe();
    const persisted = await navigator.storage.persist().catch(() => false);
    this.set({ persisted });
  }

  /** Opens camera and microphone, or changes to others, also while recording. Throws DeviceError where one cannot be had. */
  async useCamera(chosen: Chosen = {}): Promise<void> {
    try {
      await this.inputs.useCamera(chosen);
    } finally {
      void this.signals.devices(); // their labels are known now
    }
  }

  /** Asks for the entire screen; to be called on a click. Throws DeviceError "not-monitor" for anything less. */
  useScreen(): Promise<void> {
    return this.inputs.useScreen();
  }

  /** Tracks for a self view and a level meter; they are the page's to show, not to stop. */
  get preview(): { camera: MediaStreamTrack | null; microphone: MediaStreamTrack | null } {
    return { camera: this.inputs.camera, microphone: this.inputs.microphone };
  }

  /** Asks for the sizes of all screens; to be called on a click. */
  watchScreens(): Promise<boolean> {
    return this.signals.watchScreens();
  }

  /** Records everything from now on, each as soon as it is there and whatever happens to it. */
  record(): void {
    const cutShort = [...this.takes.values()].some((take) => take.attempt === this.options.attempt && take.run !== this.run && take.ended?.reason !== "finished");
    for (const recording of this.all) recording.start(this.wasLeft || cutShort ? "after-reload" : "start");
  }

  /** Ends recording and closes the devices. Sending goes on. */
  async finish(): Promise<void> {
    await Promise.all(this.all.map((recording) => recording.finish()));
    this.inputs.stop();
  }

  /** Tries again at once whatever waits: the network is back, or the candidate has signed in again. */
  wake(): void {
    this.set({ online: navigator.onLine });
    this.order({ type: "wake" });
    void this.probe();
  }

  /** Logs an event. Limited per kind; kept on disk until the server has it. */
  note(kind: string, data: object): void {
    const allowed = this.limiter.allow(kind);
    if (!allowed) return;
    const { wall, server } = this.clock.stamp();
    const event: WireEvent = { id: crypto.randomUUID(), kind, wall, server, data: allowed.suppressed > 0 ? { ...data, suppressed: allowed.suppressed } : data };
    this.order({ type: "event", event });
  }

  /** A take's media as a file, for the case that it cannot be sent. */
  exportTake(take: string): Promise<Blob | null> {
    return new Promise((resolve) => {
      this.exports.set(take, resolve);
      this.order({ type: "export", take });
    });
  }

  /** Removes from this disk what the server has signed for. */
  forget(): void {
    this.order({ type: "forget" });
  }

  /** Ends recording and stops sending; what is not sent waits for the next open. */
  async close(): Promise<void> {
    await this.finish();
    this.signals.stop();
    this.off.abort();
    this.order({ type: "close" });
    this.worker = null;
    this.letGo();
    this.set({ tab: "closed" });
  }

  private get at(): Addresses {
    return this.options.at ?? { files: "/files/", api: "/api/candidate" };
  }

  private order(message: ToWorker): void {
    this.worker?.postMessage(message);
  }

  private hear(message: FromWorker): void {
    switch (message.type) {
      case "opened":
        return this.opening?.done();
      case "recovered":
        return this.set({ recovering: false });
      case "tick":
        return this.tick();
      case "take":
        this.takes.set(message.take.take, message.take);
        this.underway.delete(message.take.take);
        return this.changed();
      case "removed":
        // What was signed for stays in the account; what was sent again is there under its new name.
        if (message.why !== "receipt") this.takes.delete(message.take);
        return this.changed();
      case "events":
        this.eventTrouble = message.trouble;
        return this.set({ events: { pending: message.pending, dropped: message.dropped } });
      case "space":
        if (message.space.low !== this.current.space.low || message.space.full !== this.current.space.full) this.note("space", message.space);
        this.set({ space: message.space });
        if (message.space.held > heldAtMost) void this.giveUpForSpace();
        return;
      case "rate":
        return this.set({ rate: message.rate });
      case "exported":
        this.exports.get(message.take)?.(message.media);
        this.exports.delete(message.take);
        return;
      case "in-use":
        return this.set({ tab: "elsewhere" });
      case "failed":
        return this.fail(message.message);
    }
  }

  private fail(message: string): void {
    this.set({ failure: message });
    this.opening?.failed(new Error(message));
  }

  private recorderOptions(kind: Kind, sound: boolean): RecorderOptions | null {
    const mime = chooseFormat((type) => MediaRecorder.isTypeSupported(type), navigator.hardwareConcurrency, sound);
    if (mime === null) {
      this.set({ failure: "no-format" });
      return null;
    }
    return { mime, ...bitRates(kind, this.current.level), slice: this.options.slice ?? 2000 };
  }

  private took(kind: Kind, take: string, reason: Began, mime: string, tracks: { video: MediaStreamTrack; audio: MediaStreamTrack | null }, options: RecorderOptions): void {
    // Identifiers of devices are good for following people, and for nothing here.
    const settings = (track: MediaStreamTrack | null) => track && Object.fromEntries(Object.entries(track.getSettings()).filter(([key]) => key !== "deviceId" && key !== "groupId"));
    const about: About = {
      version: 1, take, attempt: this.options.attempt, kind, mime, label: [tracks.video.label, tracks.audio?.label].filter(Boolean).join(" + "),
      settings: { video: settings(tracks.video), audio: settings(tracks.audio), level: this.current.level, videoBits: options.video, audioBits: options.audio, slice: options.slice },
      began: { ...this.clock.stamp(), reason }, run: this.run,
    };
    this.underway.add(take);
    this.order({ type: "begin", about });
  }

  private tick(): void {
    this.seconds++;
    this.clock.watchWall();
    this.phone?.tick();
    for (const recording of this.all) recording.tick();
    if (this.seconds % reopenEvery === 0) void this.inputs.reopen();
    if (this.seconds % probeEvery(this.clock.state.probes) === 0) void this.probe();
    this.adapt();
    if (this.seconds % 60 === 0) this.note("clock", { run: this.run, ...this.clock.stamp(), ...this.clock.state });
  }

  private async probe(): Promise<void> {
    if (this.probing) return;
    this.probing = true;
    try {
      await this.clock.probe(() => getClock(this.at));
      this.set({ clock: this.clock.state });
    } catch {
      // No answer is no probe; the clock runs on by what it knows.
    } finally {
      this.probing = false;
    }
  }

  /** Fewer bits where the line or the disk cannot take them, from a new take on that begins before the old one ends. */
  private adapt(): void {
    const active = this.all.filter((recording) => recording.state.recording);
    const backlog = [...this.takes.values()].reduce((sum, take) => sum + (take.attempt === this.options.attempt ? take.recorded - take.sent : 0), 0);
    const lowSpace = this.current.space.low;
    const level = chooseLevel(active.map((recording) => recording.kind), this.current.level, { rate: this.current.rate, backlog, lowSpace });
    // With little space takes are cut even at the same level: only a take that has ended gets a receipt and can be removed.
    if ((level === this.current.level && !lowSpace) || this.seconds - this.lastCut < cutAtMostEvery) return;
    this.lastCut = this.seconds;
    this.set({ level });
    for (const recording of active) recording.cut(lowSpace ? "space" : "rate", lowSpace ? "space" : "rate");
  }

  private async giveUpForSpace(): Promise<void> {
    if (!this.all.some((recording) => recording.state.wanted)) return;
    this.set({ failure: "no-space" });
    await Promise.all(this.all.map((recording) => recording.finish("no-space")));
  }

  private watchPhone(): PhoneWatch {
    return new PhoneWatch({
      recordings: this.all, stamp: () => this.clock.stamp(), note: (kind, data) => this.note(kind, data),
      leaving: (stamp) => noteLeft(this.place, this.openTakes(), stamp),
      back: () => {
        takeBackLeft(this.place, this.openTakes());
        this.wake();
      },
    });
  }

  private liveTakes(): string[] {
    return [...this.takes.values()].filter((take) => take.live && !take.ended).map((take) => take.take);
  }

  private openTakes(): Set<string> {
    return new Set([...this.liveTakes(), ...this.underway]);
  }

  private leaving(): void {
    noteLeft(this.place, this.openTakes(), this.clock.stamp());
    this.note("page-left", { run: this.run });
  }

  private set(change: Partial<CaptureState<K>>): void {
    Object.assign((this.current = { ...this.current }), change);
    this.changed();
  }

  /** Computes what follows from the rest, and tells everybody once. */
  private changed(): void {
    if (this.published) return;
    this.published = true;
    queueMicrotask(() => {
      this.published = false;
      const takes = [...this.takes.values()].sort((a, b) => a.began.wall - b.began.wall);
      const own = takes.filter((take) => take.attempt === this.options.attempt);
      const recordings = this.each((kind) => this.recordings[kind].state);
      const flags = (key: "wanted" | "recording") => this.each((kind) => recordings[kind][key]) as Partial<Record<Kind, boolean>>;
      const sum = (of: (take: TakeState) => number) => own.reduce((total, take) => total + of(take), 0);
      const state: CaptureState<K> = {
        ...this.current, takes, recordings, devices: this.inputs.states, lost: lostIntervals(own, flags("wanted"), flags("recording")), trouble: worst([...own.map((take) => take.trouble), this.eventTrouble]),
        recorded: sum((take) => take.recorded), unsigned: sum((take) => (take.receipt ? 0 : take.recorded)),
      };
      state.mayClose = mayClose(state, this.options.attempt, this.underway.size);
      this.current = state;
      for (const listener of this.listeners) listener(state);
    });
  }
}
