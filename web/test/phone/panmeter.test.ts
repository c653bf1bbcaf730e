import { describe, expect, it } from "vitest";
import { heading, turn } from "../../src/phone/heading";
import { directionLasts, PanMeter, timedPan } from "../../src/phone/panmeter";

const upright = (azimuth: number) => ({ azimuth: ((azimuth % 360) + 360) % 360, upright: true });

/** Readings from one direction to another, sixty a second; noise is added to each. */
function sweep(meter: PanMeter, from: number, to: number, speed = 45, at = 0, noise: (n: number) => number = () => 0): number {
  const steps = Math.ceil((Math.abs(to - from) / speed) * 60);
  let ms = at;
  for (let n = 0; n <= steps; n++) meter.add(upright(from + ((to - from) * n) / steps + noise(n)), (ms = at + (n * 1000) / 60));
  // The evened-out direction follows a moment later.
  for (let n = 0; n < 30; n++) meter.add(upright(to), (ms += 1000 / 60));
  return ms;
}

describe("where the camera looks", () => {
  it("turns with the phone through upright, where alpha and gamma are one", () => {
    // Held upright and turned right by 30° in every way in which the sensor may say so.
    const before = heading({ alpha: 100, beta: 90, gamma: 0 });
    for (const [alpha, gamma] of [[70, 0], [90, 20], [50, -20]] as const) {
      const after = heading({ alpha, beta: 90, gamma: -gamma });
      expect(Math.abs(turn(before.azimuth, after.azimuth)), `${alpha} ${gamma}`).toBeCloseTo(30, 0);
    }
    expect(turn(before.azimuth, heading({ alpha: 70, beta: 90, gamma: 0 }).azimuth)).toBeCloseTo(30);
  });
  it("is nowhere for a phone that lies on a table", () => {
    expect(heading({ alpha: 10, beta: 2, gamma: 1 }).upright).toBe(false);
    expect(heading({ alpha: 10, beta: 75, gamma: -4 }).upright).toBe(true);
  });
});

describe("the pan", () => {
  it("is whole after one turn, whichever way and wherever it begins", () => {
    for (const [from, to] of [[0, 360], [350, 710], [20, -340]] as const) {
      const meter = new PanMeter();
      sweep(meter, from, to);
      expect(meter.degrees, `${from} ${to}`).toBeGreaterThanOrEqual(355);
    }
  });
  it("counts no direction twice: half a turn there and back is half a turn", () => {
    const meter = new PanMeter();
    const ms = sweep(meter, 0, 180);
    sweep(meter, 180, 0, 45, ms);
    expect(meter.degrees).toBeGreaterThanOrEqual(180);
    expect(meter.degrees).toBeLessThanOrEqual(190);
  });
  it("gets nothing out of noise: a phone that stands still covers what it sees", () => {
    const meter = new PanMeter();
    for (let n = 0; n < 3000; n++) meter.add(upright(100 + 4 * Math.sin(n * 1.7)), n * 16);
    expect(meter.degrees).toBeLessThanOrEqual(15);
    const turned = new PanMeter();
    sweep(turned, 0, 360, 45, 0, (n) => 3 * Math.sin(n * 2.1));
    expect(turned.degrees).toBeGreaterThanOrEqual(350);
  });
  it("fills nothing between where a sensor jumped from and to", () => {
    const meter = new PanMeter();
    let ms = sweep(meter, 0, 30);
    meter.add(upright(200), (ms += 16)); // one wild reading
    ms = sweep(meter, 30, 40, 45, ms);
    expect(meter.degrees).toBeLessThanOrEqual(50);
    sweep(meter, 220, 230, 45, ms); // it found its zero anew
    expect(meter.degrees).toBeLessThanOrEqual(65);
  });
  it("does not count what was blurred, and says so before", () => {
    const meter = new PanMeter();
    let hints = 0;
    for (let n = 0; n <= 60; n++) {
      meter.add(upright(n * 12), n * 16); // 720° a second
      if (meter.hint === "fast") hints++;
    }
    expect(meter.degrees).toBeLessThan(120);
    expect(hints).toBeGreaterThan(10);
    const slow = new PanMeter();
    sweep(slow, 0, 90, 60);
    expect(slow.hint).toBeNull();
  });
  it("does not count a phone that is turned on the table", () => {
    const meter = new PanMeter();
    for (let n = 0; n < 360; n++) meter.add({ azimuth: n, upright: false }, n * 30);
    expect(meter.degrees).toBe(0);
    expect(meter.hint).toBe("upright");
  });
  it("goes by the clock where there is no sensor", () => {
    expect(timedPan(0)).toEqual({ direction: 0, left: 4, degrees: 0 });
    expect(timedPan(directionLasts + 1)).toEqual({ direction: 1, left: 4, degrees: 45 });
    expect(timedPan(8 * directionLasts)).toEqual({ direction: 8, left: 0, degrees: 360 });
  });
});
