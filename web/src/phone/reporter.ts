// Tells the server what the phone sees of itself: at once when something changed, and every few seconds. Nothing of it is kept or repeated:
// an old status is worth nothing.

import { api } from "./api";
import { keyOf, type Status } from "./status";

/** Milliseconds between two, and the least time between two that something changed for. */
const every = 5000;
const atMostEvery = 500;

export class Reporter {
  private told = "";
  private toldAt = -Infinity;
  private telling = false;
  private pictureAt = -Infinity;
  private sendingPicture = false;

  constructor(
    private readonly status: () => Status | null,
    private readonly still: () => Promise<Blob | null>,
    private readonly over: (error: unknown) => void,
  ) {}

  /** To be called when something may have changed, and about every second. */
  look(): void {
    const status = this.status();
    if (!status) return;
    const now = performance.now();
    if (!this.telling && now - this.toldAt >= (keyOf(status) === this.told ? every : atMostEvery)) void this.tell(status);
    if (status.recording && !status.hidden && !this.sendingPicture && now - this.pictureAt >= every) void this.send();
  }

  private async tell(status: Status): Promise<void> {
    this.telling = true;
    this.toldAt = performance.now();
    this.told = keyOf(status);
    try {
      await api.status(status);
    } catch (error) {
      this.over(error);
    } finally {
      this.telling = false;
    }
  }

  private async send(): Promise<void> {
    this.sendingPicture = true;
    this.pictureAt = performance.now();
    try {
      const picture = await this.still();
      if (picture) await api.still(picture);
    } catch (error) {
      this.over(error);
    } finally {
      this.sendingPicture = false;
    }
  }
}
