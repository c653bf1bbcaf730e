// How much of the room was filmed once around: directions that the camera has looked in, whatever way it got there.

import { turn, wrap, type Heading } from "./heading";

/** The circle is counted in parts of so many degrees. */
export const partDegrees = 5;
export const parts = 360 / partDegrees;

/** What is wrong with how the phone is turned; null where nothing is. */
export type PanHint = "upright" | "fast" | null;

/** A picture that turns faster than this, in degrees a second, shows nothing; the hint comes before that. */
const blurredFrom = 180;
const fastFrom = 90;
/** Two readings further apart than this are a jump of the sensor, which may find its zero anew, and no movement. */
const jumpFrom = 60;
/** How close the next reading has to be for a jump to be believed. */
const agreesWithin = 20;
/** Over so many milliseconds the sensor's noise is evened out, and speed is measured. */
const smoothOver = 80;
const speedOver = 400;

export class PanMeter {
  readonly seen: boolean[] = Array.from({ length: parts }, () => false);
  hint: PanHint = null;
  /** Where it looks now, clockwise from where it began; null before the first reading. */
  at: number | null = null;
  private zero: number | null = null;
  private last: { azimuth: number; ms: number } | null = null;
  private doubted: number | null = null;
  /** Azimuth without the jump from 360 to 0, for the speed. */
  private path: { turned: number; ms: number }[] = [];
  private turned = 0;

  /** Degrees of the circle that were looked at. */
  get degrees(): number {
    return this.seen.filter(Boolean).length * partDegrees;
  }

  /** A reading; ms by any clock that runs on. */
  add(reading: Heading, ms: number): void {
    if (!reading.upright) {
      this.hint = "upright";
      this.lose();
      return;
    }
    const { last } = this;
    if (last === null) return this.begin(reading.azimuth, ms);
    const step = turn(last.azimuth, reading.azimuth);
    if (Math.abs(step) > jumpFrom) {
      // Believed only when the next one says the same; what lies between was not filmed.
      const believed = this.doubted !== null && Math.abs(turn(this.doubted, reading.azimuth)) < agreesWithin;
      this.doubted = reading.azimuth;
      if (believed) {
        this.lose();
        this.begin(reading.azimuth, ms);
      }
      return;
    }
    this.doubted = null;
    const moved = step * (1 - Math.exp(-Math.max(ms - last.ms, 0) / smoothOver));
    this.last = { azimuth: wrap(last.azimuth + moved), ms };
    this.turned += moved;
    this.path.push({ turned: this.turned, ms });
    while (this.path.length > 2 && ms - this.path[0]!.ms > speedOver) this.path.shift();
    const since = this.path[0]!;
    const speed = ms > since.ms ? (Math.abs(this.turned - since.turned) / (ms - since.ms)) * 1000 : 0;
    this.hint = speed > fastFrom ? "fast" : null;
    if (speed <= blurredFrom) this.mark(last.azimuth, moved);
    this.at = wrap(this.last.azimuth - this.zero!);
  }

  private begin(azimuth: number, ms: number): void {
    this.zero ??= azimuth;
    this.last = { azimuth, ms };
    this.path = [{ turned: this.turned, ms }];
    this.hint = null;
    this.mark(azimuth, 0);
    this.at = wrap(azimuth - this.zero);
  }

  private lose(): void {
    this.last = this.doubted = null;
    this.path = [];
  }

  /** Counts everything between two readings: a slow device gives few of them. */
  private mark(from: number, moved: number): void {
    for (let passed = 0; ; passed = Math.min(passed + partDegrees, Math.abs(moved))) {
      this.seen[Math.floor(wrap(from + Math.sign(moved) * passed - this.zero!) / partDegrees) % parts] = true;
      if (passed >= Math.abs(moved)) return;
    }
  }
}

/** Without a sensor: eight directions, so many milliseconds for each. */
export const directions = 8;
export const directionLasts = 4000;

export interface TimedPan {
  /** 0 … 7, and 8 when it is over. */
  direction: number;
  /** Whole seconds until the next one. */
  left: number;
  degrees: number;
}

/** How far the guidance is so many milliseconds after its start. */
export function timedPan(ms: number): TimedPan {
  const direction = Math.min(directions, Math.floor(ms / directionLasts));
  return { direction, left: direction === directions ? 0 : Math.ceil(((direction + 1) * directionLasts - ms) / 1000), degrees: direction * (360 / directions) };
}
