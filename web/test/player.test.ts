import { describe, expect, it } from "vitest";
import { Clock } from "../src/player/clock";
import { parseCues, thumbnailAt } from "../src/player/cues";
import { parsePeaks } from "../src/player/peaks";
import { correct, nudgeAtMost, seekBeyond } from "../src/player/sync";
import { formatTime, interviewTime, mediaTime, takeAt, takeEnd, type Recording, type Take } from "../src/player/timeline";

const take = (start: number, duration: number, rate = 1) => ({ start, duration, rate }) as Take;

describe("the timeline", () => {
  it("maps interview time to media time and back", () => {
    const t = take(12.5, 100, 1.0002);
    expect(mediaTime(t, 12.5)).toBe(0);
    expect(t.start + t.rate * mediaTime(t, 61.7)).toBeCloseTo(61.7, 9);
    expect(takeEnd(t)).toBeCloseTo(112.52, 6);
  });

  it("follows the pieces of a take whose recorder lost time", () => {
    const t = { ...take(10, 60), pieces: [{ from: 0, to: 20, start: 10, rate: 1 }, { from: 20, to: 60, start: 15, rate: 1 }] } as Take;
    expect(mediaTime(t, 29)).toBeCloseTo(19, 9);
    expect(mediaTime(t, 32)).toBe(20); // nothing was recorded then
    expect(mediaTime(t, 36)).toBeCloseTo(21, 9);
    expect(interviewTime(t, 19)).toBeCloseTo(29, 9);
    expect(interviewTime(t, 21)).toBeCloseTo(36, 9);
    expect(takeEnd(t)).toBeCloseTo(75, 9);
  });

  it("finds the take that is on", () => {
    const recording = { takes: [take(-4, 20), take(18, 10)] } as Recording;
    expect([-5, -4, 10, 17, 18, 27.9, 28].map((at) => takeAt(recording, at))).toEqual([-1, 0, 0, -1, 1, 1, -1]);
  });

  it("writes times as people read them", () => {
    expect(formatTime(187.25)).toBe("3:07.250");
    expect(formatTime(-4.1)).toBe("−0:04.100");
    expect(formatTime(3725, false)).toBe("1:02:05");
    expect(formatTime(59.9996)).toBe("1:00.000");
  });
});

describe("the correction", () => {
  it("leaves, nudges and seeks", () => {
    expect(correct(0.02, 0.033)).toEqual({ kind: "leave" });
    expect(correct(0.5, 0.033)).toEqual({ kind: "seek" });
    expect(correct(-(seekBeyond + 0.001), 0.033)).toEqual({ kind: "seek" });
  });

  it("slows a view that is ahead and speeds one up that is behind, never by more than 5 %", () => {
    for (let error = -seekBeyond; error <= seekBeyond; error += 0.01) {
      const action = correct(error, 0.01);
      if (action.kind !== "nudge") continue;
      expect(Math.sign(action.factor - 1)).toBe(-Math.sign(error));
      expect(Math.abs(action.factor - 1)).toBeLessThanOrEqual(nudgeAtMost + 1e-9);
    }
  });
});

describe("the clock", () => {
  it("runs, stops, jumps and changes speed without losing time", () => {
    let now = 1000;
    const clock = new Clock(-2, 100, () => now);
    expect(clock.now()).toBe(-2);
    clock.start();
    now += 3000;
    expect(clock.now()).toBeCloseTo(1);
    clock.setSpeed(2);
    now += 1000;
    expect(clock.now()).toBeCloseTo(3);
    clock.stop();
    now += 5000;
    expect(clock.now()).toBeCloseTo(3);
    clock.set(500);
    expect(clock.now()).toBe(100);
  });
});

describe("waveforms", () => {
  const waveform = (points: [number, number][]) => {
    const view = new DataView(new ArrayBuffer(24 + 2 * points.length));
    [2, 1, 8000, 400, points.length, 1].forEach((v, i) => view.setInt32(4 * i, v, true));
    points.forEach(([low, high], i) => {
      view.setInt8(24 + 2 * i, low);
      view.setInt8(25 + 2 * i, high);
    });
    return view.buffer;
  };

  it("are read", () => {
    const peaks = parsePeaks(waveform([[-3, 4], [-128, 127]]));
    expect(peaks.perSecond).toBe(20);
    expect([...peaks.low]).toEqual([-3, -128]);
    expect([...peaks.high]).toEqual([4, 127]);
  });

  it("are refused where they are something else", () => {
    expect(() => parsePeaks(new ArrayBuffer(10))).toThrow();
    const other = new DataView(waveform([[0, 0]]));
    other.setInt32(0, 1, true);
    expect(() => parsePeaks(other.buffer)).toThrow();
  });
});

describe("thumbnails", () => {
  const cues = parseCues("WEBVTT\n\n00:00:00.000 --> 00:00:10.000\na.jpg#xywh=0,0,160,90\n\n00:00:10.000 --> 01:00:20.500\na.jpg#xywh=160,0,160,90\n\nnonsense\n");

  it("are read and found", () => {
    expect(cues).toHaveLength(2);
    expect(cues[1]).toEqual({ from: 10, to: 3620.5, sprite: "a.jpg", x: 160, y: 0, width: 160, height: 90 });
    expect(thumbnailAt(cues, 9.9)?.x).toBe(0);
    expect(thumbnailAt(cues, 10)?.x).toBe(160);
    expect(thumbnailAt(cues, 9999)).toBeUndefined();
  });
});
