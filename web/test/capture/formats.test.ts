import { describe, expect, it } from "vitest";
import { looksVirtual, surfaceProblem } from "../../src/capture/devices";
import { bitRates, chooseFormat, chooseLevel, neededRate, worstLevel } from "../../src/capture/formats";

describe("the format", () => {
  const chromium = (mime: string) => /webm|avc1/.test(mime);
  const safari = (mime: string) => mime.startsWith("video/mp4");
  it("is what the browser writes steadily, and what its processor can bear", () => {
    expect(chooseFormat(chromium, 8, true)).toBe("video/webm;codecs=vp9,opus");
    expect(chooseFormat(chromium, 2, true)).toBe("video/webm;codecs=vp8,opus");
    expect(chooseFormat(chromium, 8, false)).toBe("video/webm;codecs=vp9");
    expect(chooseFormat(safari, 8, true)).toBe("video/mp4;codecs=avc1.42E01E,mp4a.40.2");
    expect(chooseFormat(() => false, 8, true)).toBeNull();
  });
});

describe("bit rates", () => {
  const both = ["camera", "screen"] as const;
  const line = { rate: 0, backlog: 0, lowSpace: false };

  it("fit what was promised", () => {
    expect(bitRates("camera", 0).video + bitRates("camera", 0).audio).toBeLessThanOrEqual(700_000);
    expect(bitRates("screen", 0).video + bitRates("screen", 0).audio).toBeLessThanOrEqual(500_000);
    expect(neededRate(both, worstLevel)).toBeLessThan(400_000);
  });

  it("go down for a slow line only once something waits, and reach what the line carries", () => {
    expect(chooseLevel(both, 0, { ...line, rate: 1e6 })).toBe(0);
    const level = chooseLevel(both, 0, { ...line, rate: 1e6, backlog: 20e6 });
    expect(level).toBeGreaterThan(0);
    expect(neededRate(both, level)).toBeLessThanOrEqual(0.85e6);
    expect(chooseLevel(both, 0, { ...line, rate: 1e5, backlog: 20e6 })).toBe(worstLevel);
    // A backlog after an outage, on a fast line: it catches up by itself.
    expect(chooseLevel(both, 0, { ...line, rate: 10e6, backlog: 200e6 })).toBe(0);
  });

  it("come back one by one, and do not swing", () => {
    expect(chooseLevel(both, 2, { ...line, rate: 5e6 })).toBe(1);
    for (const rate of [3e5, 6e5, 9e5, 1.2e6, 1.6e6, 3e6]) {
      const down = chooseLevel(both, 0, { ...line, rate, backlog: 1e9 });
      if (down < worstLevel) expect(chooseLevel(both, down, { ...line, rate }), String(rate)).toBe(down === 0 ? 0 : down);
    }
  });

  it("go down when the disk is nearly full", () => {
    expect(chooseLevel(both, 0, { ...line, lowSpace: true })).toBe(1);
    expect(chooseLevel(both, 3, { ...line, lowSpace: true })).toBeGreaterThanOrEqual(2);
  });
});

describe("what is shared", () => {
  it("must be the whole screen", () => {
    expect(["monitor", "window", "browser", undefined].map((displaySurface) => surfaceProblem({ displaySurface }))).toEqual([null, "not-monitor", "not-monitor", null]);
  });
  it("is flagged where a camera's name sounds virtual", () => {
    expect(["OBS Virtual Camera", "ManyCam Virtual Webcam", "Integrated Camera (04f2:b6d9)", "FaceTime HD", "Probst Cam"].map(looksVirtual)).toEqual([true, true, false, false, false]);
  });
});
