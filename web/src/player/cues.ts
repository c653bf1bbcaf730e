// Thumbnails: WebVTT whose cues point into a sprite by media fragments.

export interface Thumbnail {
  from: number; // seconds since the timeline's start
  to: number;
  sprite: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

export function parseCues(text: string): Thumbnail[] {
  const all: Thumbnail[] = [];
  for (const block of text.split(/\r?\n\r?\n/)) {
    const lines = block.trim().split(/\r?\n/);
    const timing = lines.findIndex((line) => line.includes("-->"));
    if (timing < 0) continue;
    const [from, to] = lines[timing]!.split("-->").map((part) => parseStamp(part.trim()));
    const target = /^(.+)#xywh=(\d+),(\d+),(\d+),(\d+)$/.exec(lines[timing + 1] ?? "");
    if (!target || from === undefined || to === undefined) continue;
    const [x, y, width, height] = target.slice(2).map(Number) as [number, number, number, number];
    all.push({ from, to, sprite: target[1]!, x, y, width, height });
  }
  return all;
}

function parseStamp(stamp: string): number {
  return stamp
    .split(" ")[0]!
    .split(":")
    .reduce((sum, part) => sum * 60 + Number(part), 0);
}

/** The thumbnail to show at a time: the last that began before it. */
export function thumbnailAt(all: Thumbnail[], at: number): Thumbnail | undefined {
  let found: Thumbnail | undefined;
  for (const t of all) {
    if (t.from <= at + 0.001) found = t;
    else break;
  }
  return found && at < found.to + 1 ? found : undefined;
}
