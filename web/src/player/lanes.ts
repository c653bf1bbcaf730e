// The seek bar: one lane for each recording with its waveform, gaps and damage, and the time that is on.

import { gapText } from "./gap";
import type { Key } from "../i18n";
import { thumbnailAt, type Thumbnail } from "./cues";
import type { Peaks } from "./peaks";
import { formatTime, interviewTime, takeEnd, type Recording, type Timeline } from "./timeline";

type Translate = (key: Key, values?: Record<string, string | number>) => string;

export interface LaneData {
  recording: Recording;
  peaks?: Peaks;
  thumbnails: Thumbnail[];
}

export class Lanes {
  readonly element = document.createElement("div");
  private readonly cursor = document.createElement("div");
  private readonly preview = document.createElement("div");
  private readonly begin: number;
  private readonly length: number;

  constructor(
    timeline: Timeline,
    private readonly lanes: LaneData[],
    private readonly t: Translate,
    private readonly source: (file: string) => string,
    private readonly seek: (interview: number) => void,
  ) {
    this.begin = timeline.start ?? 0;
    this.length = Math.max(0.001, timeline.duration - this.begin);
    this.element.className = "tv-lanes";
    this.element.tabIndex = 0;
    this.element.dataset.testid = "seekbar";
    this.element.setAttribute("role", "slider");
    this.element.setAttribute("aria-label", t("player.seek"));
    this.element.setAttribute("aria-valuemin", String(this.begin));
    this.element.setAttribute("aria-valuemax", String(timeline.duration));
    this.cursor.className = "tv-cursor";
    this.preview.className = "tv-preview";
    this.preview.hidden = true;
    this.element.append(...lanes.map((lane) => this.makeLane(lane)), this.cursor, this.preview);
    this.listen();
  }

  private share(interview: number): number {
    return ((interview - this.begin) / this.length) * 100;
  }

  private makeLane(lane: LaneData): HTMLElement {
    const row = document.createElement("div");
    row.className = "tv-lane";
    row.dataset.kind = lane.recording.kind;
    for (const take of lane.recording.takes) {
      const bar = this.mark("tv-take", take.start, takeEnd(take));
      if (take.placed === "unplaced" || take.placed === "clock") {
        bar.classList.add("tv-unsure");
        bar.title = this.t(take.placed === "unplaced" ? "player.unplaced" : "player.byClock");
      }
      row.append(bar);
    }
    if (lane.peaks) row.append(drawPeaks(lane.peaks));
    for (const gap of lane.recording.gaps ?? []) {
      const mark = this.mark("tv-gap", gap.start, gap.end);
      mark.title = gapText(gap, this.t);
      row.append(mark);
    }
    for (const take of lane.recording.takes) {
      for (const damage of take.damage ?? []) {
        const from = interviewTime(take, damage.from);
        const to = interviewTime(take, damage.to);
        const mark = this.mark("tv-damage", from, Math.max(to, from + this.length / 400));
        mark.title = this.t("player.damage", { from: formatTime(from), to: formatTime(to), cause: this.t(`damage.${damage.cause}`) });
        row.append(mark);
      }
    }
    return row;
  }

  private mark(className: string, from: number, to: number): HTMLElement {
    const mark = document.createElement("div");
    mark.className = className;
    mark.style.left = `${this.share(from)}%`;
    mark.style.width = `${this.share(to) - this.share(from)}%`;
    return mark;
  }

  private listen(): void {
    const at = (event: PointerEvent) => {
      const box = this.element.getBoundingClientRect();
      return this.begin + Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * this.length;
    };
    this.element.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      this.element.setPointerCapture(event.pointerId);
      this.seek(at(event));
    });
    this.element.addEventListener("pointermove", (event) => {
      if (this.element.hasPointerCapture(event.pointerId)) this.seek(at(event));
      this.showPreview(at(event));
    });
    this.element.addEventListener("pointerleave", () => (this.preview.hidden = true));
  }

  private showPreview(interview: number): void {
    const pictures = this.lanes.flatMap((lane) => {
      const found = thumbnailAt(lane.thumbnails, interview - this.begin);
      if (!found) return [];
      const picture = document.createElement("span");
      const scale = Math.min(1, 120 / Math.max(found.width, found.height));
      picture.style.cssText =
        `width:${found.width}px;height:${found.height}px;zoom:${scale};` +
        `background:url("${encodeURI(this.source(found.sprite))}") -${found.x}px -${found.y}px`;
      return [picture];
    });
    const time = document.createElement("b");
    time.textContent = formatTime(interview, false);
    this.preview.replaceChildren(...pictures, time);
    this.preview.hidden = false;
    const room = this.preview.offsetWidth / 2 / this.element.clientWidth;
    const share = Math.min(1 - room, Math.max(room, this.share(interview) / 100));
    this.preview.style.left = `${share * 100}%`;
  }

  update(interview: number): void {
    this.cursor.style.left = `${this.share(interview)}%`;
    this.element.setAttribute("aria-valuenow", interview.toFixed(1));
    this.element.setAttribute("aria-valuetext", formatTime(interview, false));
  }
}

/** Draws a waveform as one path, loudest at the lane's edge; speech is rarely louder than a third of full scale. */
function drawPeaks(peaks: Peaks): SVGSVGElement {
  const points = 1200;
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 -64 ${points} 128`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const total = peaks.low.length;
  let top = 1;
  for (let i = 0; i < total; i++) top = Math.max(top, peaks.high[i]!, -peaks.low[i]!);
  let upper = "";
  let lower = "";
  for (let x = 0; x < points; x++) {
    let low = 0;
    let high = 0;
    for (let i = Math.floor((x * total) / points); i < ((x + 1) * total) / points && i < total; i++) {
      low = Math.min(low, peaks.low[i]!);
      high = Math.max(high, peaks.high[i]!);
    }
    upper += `L${x} ${((-high / top) * 60).toFixed(1)}`;
    lower = `L${x} ${((-low / top) * 60).toFixed(1)}${lower}`;
  }
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", `M0 0${upper}${lower}Z`);
  svg.append(path);
  return svg;
}
