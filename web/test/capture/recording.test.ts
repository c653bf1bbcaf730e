// The sequence of takes, with recorders and tracks that do what real ones do on their bad days.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Recording, type RecordingHost } from "../../src/capture/recording";

class FakeTrack extends EventTarget {
  readyState: "live" | "ended" = "live";
  muted = false;
  label = "fake";
  settings = { width: 1280, height: 720 };
  getSettings = () => this.settings;
  stop = () => (this.readyState = "ended");
  fire(type: "mute" | "unmute" | "ended"): void {
    if (type === "ended") this.readyState = "ended";
    else this.muted = type === "mute";
    this.dispatchEvent(new Event(type));
  }
}

class FakeRecorder {
  static made: FakeRecorder[] = [];
  static refuse = false;
  state = "inactive";
  mimeType = "video/webm";
  onstart: ((event: unknown) => void) | null = null;
  ondataavailable: ((event: { data: Blob }) => void) | null = null;
  onstop: ((event: unknown) => void) | null = null;
  onerror: ((event: unknown) => void) | null = null;
  /** Whether it answers to stop. */
  dead = false;
  private running = false;
  constructor() {
    if (FakeRecorder.refuse) throw new DOMException("", "NotSupportedError");
    FakeRecorder.made.push(this);
  }
  start(): void {
    this.state = "recording";
  }
  started(): void {
    this.running = true;
    this.onstart?.({});
  }
  data(size: number): void {
    this.ondataavailable?.({ data: new Blob([new Uint8Array(size)]) });
  }
  stop(): void {
    if (this.dead) return;
    this.state = "inactive";
    if (this.running) this.data(1);
    this.onstop?.({});
  }
}

const last = () => FakeRecorder.made.at(-1)!;
let said: string[];
let names: string[];
let recording: Recording;
let video: FakeTrack;
let audio: FakeTrack;

const number = (take: string) => (names.includes(take) ? names.indexOf(take) : names.push(take) - 1);
const host: RecordingHost = {
  options: () => ({ mime: "video/webm", video: 1, audio: 1, slice: 2000 }),
  began: (_, take, reason) => said.push(`${number(take)} began ${reason}`),
  chunk: (take, data) => said.push(`${number(take)} ${data.size} bytes`),
  ended: (take, reason) => said.push(`${number(take)} ended ${reason}`),
  trackLost: (_, which) => said.push(`lost ${which}`),
  changed: () => undefined,
};
const as = (track: FakeTrack) => track as unknown as MediaStreamTrack;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout"] });
  vi.stubGlobal("MediaRecorder", FakeRecorder);
  vi.stubGlobal("MediaStream", class {});
  FakeRecorder.made = [];
  FakeRecorder.refuse = false;
  said = [];
  names = [];
  video = new FakeTrack();
  audio = new FakeTrack();
  recording = new Recording("camera", host);
  void recording.use(as(video), as(audio), "device-changed", "device-changed");
  recording.start("start");
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});
const pass = (seconds: number) => {
  for (let i = 0; i < seconds; i++) {
    vi.advanceTimersByTime(1000);
    recording.tick();
  }
};

describe("a recording", () => {
  it("is one take while nothing happens, and no empty chunk is passed on", async () => {
    last().started();
    last().data(10);
    last().data(0);
    await recording.finish();
    expect(said).toEqual(["0 began start", "0 10 bytes", "0 1 bytes", "0 ended finished"]);
  });

  it("begins the next take before it ends the last one, for a change that can wait", () => {
    last().started();
    last().data(10);
    video.settings = { width: 1920, height: 1080 };
    last().data(11); // the recorder goes on until the new one runs
    FakeRecorder.made[0]!.data(12);
    last().started();
    last().data(13);
    expect(said).toEqual(["0 began start", "0 10 bytes", "0 11 bytes", "0 12 bytes", "1 began resolution", "0 1 bytes", "0 ended resolution", "1 13 bytes"]);
  });

  it("keeps the take it has when the next one does not start", () => {
    last().started();
    recording.cut("rate", "rate");
    const [first, second] = FakeRecorder.made;
    for (let i = 0; i < 14; i++) {
      first!.data(5);
      pass(1);
    }
    expect(FakeRecorder.made).toHaveLength(2);
    second!.started(); // too late: given up
    first!.data(6);
    expect(said.filter((s) => !s.includes("bytes"))).toEqual(["0 began start"]);
    expect(said.at(-1)).toBe("0 6 bytes");
  });

  it("begins anew when the recorder falls silent, even one that does not answer to stop", async () => {
    last().started();
    last().data(10);
    last().dead = true;
    pass(10);
    expect(said).toContain("0 ended stalled");
    last().started();
    last().data(3);
    expect(said.slice(-2)).toEqual(["1 began stalled", "1 3 bytes"]);
    await recording.finish();
  });

  it("can be finished though the recorder does not answer", async () => {
    last().started();
    last().dead = true;
    const finished = recording.finish();
    pass(10);
    await finished;
    expect(said.at(-1)).toBe("0 ended finished");
  });

  it("tries again after errors, more slowly each time", () => {
    last().onerror?.({ error: new Error("encoder") });
    FakeRecorder.refuse = true;
    pass(60);
    FakeRecorder.refuse = false;
    for (let i = 0; i < 20 && FakeRecorder.made.length < 2; i++) pass(1);
    last().started();
    last().data(4);
    expect(FakeRecorder.made).toHaveLength(2);
    expect(said).toEqual(["0 began start", "0 4 bytes"]);
  });

  it("says error where the encoder fails in the middle", () => {
    last().started();
    last().data(10);
    last().onerror?.({ error: new Error("encoder") });
    pass(3);
    last().started();
    expect(said).toEqual(["0 began start", "0 10 bytes", "0 1 bytes", "0 ended error", "1 began error"]);
  });

  it("ends while the picture is muted, and goes on when it is not; a blink is nothing", () => {
    last().started();
    last().data(10);
    video.fire("mute");
    pass(1);
    video.fire("unmute");
    pass(3);
    last().data(11);
    video.fire("mute");
    pass(3);
    expect(said.at(-1)).toBe("0 ended muted");
    pass(60);
    expect(FakeRecorder.made).toHaveLength(1);
    video.fire("unmute");
    last().started();
    expect(said.at(-1)).toBe("1 began unmuted");
  });

  it("ends with its camera, and goes on with the next one", () => {
    last().started();
    last().data(10);
    video.fire("ended");
    expect(said).toEqual(["0 began start", "0 10 bytes", "0 1 bytes", "0 ended device-lost", "lost video"]);
    pass(30);
    expect(FakeRecorder.made).toHaveLength(1);
    void recording.use(as(new FakeTrack()), as(audio), "device-lost", "device-back");
    last().started();
    expect(said.at(-1)).toBe("1 began device-back");
  });

  it("goes on without sound when the microphone is lost, until there is another", () => {
    last().started();
    audio.fire("ended");
    last().data(10);
    expect(said).toEqual(["0 began start", "lost audio", "0 10 bytes"]);
    void recording.use(as(video), as(new FakeTrack()), "device-lost", "device-back");
    last().started();
    expect(said.slice(-3)).toEqual(["1 began device-back", "0 1 bytes", "0 ended device-lost"]);
  });
});
