// timeline.json, as package timeline of the server writes it, and lookups in it.

export type Kind = "camera" | "screen" | "phone";
export const kinds: readonly Kind[] = ["camera", "screen", "phone"];

export interface Damage {
  from: number; // seconds of media time
  to: number;
  cause: "truncated" | "hole" | "corrupt" | "undecodable";
  media: "video" | "audio" | "both";
  bytes: number;
}

/** An interval of media time and where it lies: interview time = start + rate · media time for from ≤ media time < to. */
export interface Piece {
  from: number;
  to: number;
  start: number;
  rate: number;
}

export interface Take {
  file: string;
  mime: string;
  start: number; // interview time = start + rate · media time
  rate: number;
  pieces?: Piece[]; // where the recorder lost time: they say it instead of start and rate
  duration: number; // seconds of media time
  placed: "reference" | "sound" | "clock" | "unplaced";
  residual: number;
  confidence: number;
  reason?: string;
  transcoded: boolean;
  transcodedWhy?: string;
  video: boolean;
  audio: boolean;
  width?: number;
  height?: number;
  rotation: number;
  damage?: Damage[];
  source: { name: string; sha256: string; size: number };
}

export interface Gap {
  start: number;
  end: number;
  cause?: string;
}

export interface Recording {
  kind: Kind;
  takes: Take[];
  gaps?: Gap[];
  waveform?: string;
  thumbnails?: string;
}

export interface Timeline {
  version: number;
  start?: number; // interview time of the earliest take; 0 or less
  duration: number; // interview time at which the last take ends
  recordings: Recording[];
  missing?: Kind[];
}

function piecesOf(take: Take): Piece[] {
  return take.pieces?.length ? take.pieces : [{ from: 0, to: take.duration, start: take.start, rate: take.rate }];
}

/** The media time of a take at an interview time, in seconds; outside 0…duration the take shows nothing. */
export function mediaTime(take: Take, interview: number): number {
  const pieces = piecesOf(take);
  for (const [i, p] of pieces.entries()) {
    const last = i === pieces.length - 1;
    if (!last && interview >= p.start + p.rate * p.to) continue;
    return i > 0 && interview < p.start + p.rate * p.from ? p.from : (interview - p.start) / p.rate;
  }
  return interview;
}

/** The interview time of a take's media time. Between two pieces it stands still. */
export function interviewTime(take: Take, media: number): number {
  const pieces = piecesOf(take);
  for (const [i, p] of pieces.entries()) {
    if (i < pieces.length - 1 && media >= p.to) continue;
    return p.start + p.rate * (i > 0 ? Math.max(media, p.from) : media);
  }
  return media;
}

/** The interview time at which a take ends. */
export function takeEnd(take: Take): number {
  return interviewTime(take, take.duration);
}

/** The take that shows an interview time; of two that overlap, the later one, as it is the one that went on. */
export function takeAt(recording: Recording, interview: number): number {
  for (let i = recording.takes.length - 1; i >= 0; i--) {
    const take = recording.takes[i]!;
    if (interview >= take.start && interview < takeEnd(take)) return i;
  }
  return -1;
}

/** Minutes, seconds and thousandths: 3:07.250, or −0:04.100 before the interview's zero. */
export function formatTime(seconds: number, thousandths = true): string {
  const sign = seconds < 0 ? "−" : "";
  const total = Math.round(Math.abs(seconds) * 1000);
  const hours = Math.floor(total / 3_600_000);
  const minutes = Math.floor(total / 60_000) % 60;
  const rest = (total % 60_000) / 1000;
  const s = thousandths ? rest.toFixed(3).padStart(6, "0") : String(Math.floor(rest)).padStart(2, "0");
  return `${sign}${hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}` : minutes}:${s}`;
}
