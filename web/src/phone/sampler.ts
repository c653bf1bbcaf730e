// Looks at the camera's picture while it is filmed: small frames to judge it by, and the preview that the laptop shows.

import { frameSize, luma, PictureJudge, type Picture } from "./picture";
import { element } from "../candidate/element";

/** The server takes previews of up to 640 pixels and 100 kB. */
const widest = 640;
const mostBytes = 100_000;

export class Sampler {
  /** In the page, and as good as invisible: a video that is not shown at all is not played everywhere. */
  readonly element = element("video", { class: "sampler", muted: true, playsinline: true, autoplay: true, "aria-hidden": "true", tabindex: "-1" });
  private readonly judge = new PictureJudge();
  private readonly small = document.createElement("canvas");
  private readonly large = document.createElement("canvas");
  private track: MediaStreamTrack | null = null;

  constructor() {
    this.element.muted = true; // the attribute alone counts only for elements that a parser made
    this.small.width = frameSize.width;
    this.small.height = frameSize.height;
  }

  get picture(): Picture {
    return this.judge.picture;
  }

  /** The picture's size; null while there is none. */
  get size(): { width: number; height: number } | null {
    const { videoWidth: width, videoHeight: height } = this.element;
    return width > 0 ? { width, height } : null;
  }

  show(track: MediaStreamTrack | null): void {
    if (track === this.track) return;
    this.track = track;
    this.judge.reset();
    this.element.srcObject = track ? new MediaStream([track]) : null;
    if (track) void this.element.play().catch(() => undefined); // it plays by itself where it may
  }

  private get ready(): boolean {
    return this.track?.readyState === "live" && !this.track.muted && this.element.readyState >= 2 && this.element.videoWidth > 0;
  }

  /** Judges the picture that is there now. */
  look(): void {
    if (!this.ready) return;
    const context = this.small.getContext("2d", { willReadFrequently: true })!;
    context.drawImage(this.element, 0, 0, frameSize.width, frameSize.height);
    this.judge.add(luma(context.getImageData(0, 0, frameSize.width, frameSize.height).data), performance.now());
  }

  /** The picture that is there now, small enough to be sent; null where there is none. */
  async still(): Promise<Blob | null> {
    if (!this.ready) return null;
    const { videoWidth, videoHeight } = this.element;
    const scale = Math.min(1, widest / Math.max(videoWidth, videoHeight));
    this.large.width = Math.round(videoWidth * scale);
    this.large.height = Math.round(videoHeight * scale);
    this.large.getContext("2d")!.drawImage(this.element, 0, 0, this.large.width, this.large.height);
    for (const quality of [0.6, 0.4, 0.2]) {
      const blob = await new Promise<Blob | null>((resolve) => this.large.toBlob(resolve, "image/jpeg", quality));
      if (blob && blob.size <= mostBytes) return blob;
    }
    return null;
  }
}
