// Whether a picture is bright enough to see somebody, and whether the camera stands still: judged from small frames.

/** What frames are made small to. */
export const frameSize = { width: 32, height: 24 };

/** Mean brightness below this shows little; a dim room at night has some 40. */
const darkBelow = 36;
/** A pixel has changed when its brightness has by more than this; a larger share of the picture than that is the camera's doing: a person before it changes some of it. */
const changedFrom = 8;
const movesFrom = 0.3;
/** So many changes in a row are looked at; of them more than one has to be a movement: somebody who passes close by makes one. */
const stillFrames = 4;
const movedFrom = 2;
/** Frames further apart than this, in milliseconds, say nothing of the camera: whatever is before it has changed as well. */
const comparable = 1500;

export interface Picture {
  /** 0 … 255; null before the first frame. */
  bright: number | null;
  /** Null until there were frames enough. */
  steady: boolean | null;
}

export const isDark = (picture: Picture): boolean => picture.bright !== null && picture.bright < darkBelow;
export const isMoving = (picture: Picture): boolean => picture.steady === false;
export const isGood = (picture: Picture): boolean => picture.bright !== null && !isDark(picture) && picture.steady === true;

/** Brightness of each pixel, as eyes weigh colours (Rec. 709). */
export function luma(rgba: Uint8ClampedArray): Float32Array {
  const result = new Float32Array(rgba.length / 4);
  for (let n = 0; n < result.length; n++) result[n] = 0.2126 * rgba[4 * n]! + 0.7152 * rgba[4 * n + 1]! + 0.0722 * rgba[4 * n + 2]!;
  return result;
}

const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The share of pixels that have changed, apart from all being brighter: cameras find their exposure while they stand still. */
export function change(before: Float32Array, after: Float32Array): number {
  const differences = after.map((value, n) => value - before[n]!);
  const shift = [...differences].sort((a, b) => a - b)[differences.length >> 1]!;
  return differences.filter((each) => Math.abs(each - shift) > changedFrom).length / after.length;
}

export class PictureJudge {
  picture: Picture = { bright: null, steady: null };
  private before: { frame: Float32Array; ms: number } | null = null;
  private changes: number[] = [];

  /** ms: when it was taken, by any clock that runs on. */
  add(frame: Float32Array, ms: number): void {
    if (this.before && ms - this.before.ms < comparable) this.changes = [...this.changes, change(this.before.frame, frame)].slice(-stillFrames);
    this.before = { frame, ms };
    const moved = this.changes.filter((each) => each > movesFrom).length >= movedFrom;
    this.picture = { bright: Math.round(mean(frame)), steady: moved ? false : this.changes.length < stillFrames ? null : true };
  }

  /** Another camera, or a long time without frames. */
  reset(): void {
    this.before = null;
    this.changes = [];
    this.picture = { bright: null, steady: null };
  }
}
