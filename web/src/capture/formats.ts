// In which format to record, and with how many bits.

import type { Kind } from "./take";

/**
 * Best first. WebM comes steadily every time slice; Chromium's MP4 follows its key frames, so MP4 is for Safari, which has nothing
 * else that is good.
 */
const video = ["video/webm;codecs=vp9,opus", "video/webm;codecs=vp8,opus", "video/mp4;codecs=avc1.42E01E,mp4a.40.2", "video/mp4", "video/webm"];

/** Fewer processors than this, and VP9 at 720p takes time that the candidate's other programs need. */
const processorsForVP9 = 4;

export function chooseFormat(supported: (mime: string) => boolean, processors: number, sound: boolean): string | null {
  const vp9 = (mime: string) => mime.includes("vp9");
  const ordered = processors < processorsForVP9 ? [...video.filter((m) => !vp9(m)), ...video.filter(vp9)] : video;
  const chosen = ordered.find(supported);
  return chosen === undefined ? null : sound ? chosen : chosen.replace(/,(opus|mp4a\.40\.2)/, "");
}

/** Bits per second of picture at each level; sound is on top. Level 0 is what is wanted. */
const pictureLevels: Record<Kind, readonly number[]> = {
  camera: [650_000, 400_000, 250_000, 150_000],
  screen: [450_000, 300_000, 200_000, 120_000],
  phone: [650_000, 400_000, 250_000, 150_000],
};
const soundLevels = [48_000, 40_000, 32_000, 32_000];
export const worstLevel = 3;

export function bitRates(kind: Kind, level: number): { video: number; audio: number } {
  const at = Math.min(Math.max(level, 0), worstLevel);
  return { video: pictureLevels[kind][at]!, audio: soundLevels[at]! };
}

/** What the recordings need together at a level, in bits per second. */
export function neededRate(kinds: readonly Kind[], level: number): number {
  return kinds.reduce((sum, kind) => sum + bitRates(kind, level).video + bitRates(kind, level).audio, 0);
}

export interface Line {
  /** Measured uplink in bits per second; 0 when not known. */
  rate: number;
  /** Bytes that wait to be sent. */
  backlog: number;
  /** Little space is left on the disk. */
  lowSpace: boolean;
}

/** Seconds of recording that may wait before it is recorded with fewer bits. */
const patience = 60;

/**
 * The level to record with from the next take on. Down when more than a minute waits and the line is slower than the recording; up
 * by one when nothing waits and the line would carry the better one by a margin, so that it does not swing.
 */
export function chooseLevel(kinds: readonly Kind[], level: number, line: Line): number {
  if (kinds.length === 0) return level;
  const waits = (line.backlog * 8) / neededRate(kinds, level);
  let wanted = level;
  if (line.rate > 0 && waits > patience) {
    while (wanted < worstLevel && neededRate(kinds, wanted) > 0.85 * line.rate) wanted++;
  } else if (line.rate > 0 && waits < patience / 6 && level > 0 && 0.7 * line.rate > neededRate(kinds, level - 1)) {
    wanted--;
  }
  return line.lowSpace ? Math.max(wanted, Math.min(level + 1, 2)) : wanted;
}
