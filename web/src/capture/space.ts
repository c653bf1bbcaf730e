// When the disk runs full: what the server has signed for goes first; then the page is told, and records with fewer bits.

import type { SpaceState } from "./protocol";

/** Below this many free bytes takes with a receipt are removed: a quarter of an hour of camera and screen. */
export const lowWater = 150e6;
/** Chunks wait in memory up to this many bytes; then recording stops, for a tab that runs out of memory loses them. */
export const heldAtMost = 64e6;

export class Space {
  state: SpaceState = { free: null, low: false, full: false, held: 0, removed: 0 };

  constructor(
    private readonly estimate: () => Promise<StorageEstimate>,
    /** Removes the oldest take that has a receipt; gives its bytes, 0 when there is none. */
    private readonly removeOne: () => Promise<number>,
    private readonly changed: () => void,
  ) {}

  /** Looks how much is left, and makes room. To be called every few seconds. */
  async look(): Promise<void> {
    const { quota, usage } = await this.estimate().catch((): StorageEstimate => ({}));
    let free = quota === undefined || usage === undefined ? null : Math.max(0, quota - usage);
    while (free !== null && free < lowWater) {
      const gone = await this.makeRoom();
      if (gone === 0) break;
      free += gone;
    }
    this.set({ free, low: this.state.full || (free !== null && free < lowWater) });
  }

  /** A write found no space. Gives whether there is some now. */
  async makeRoom(): Promise<number> {
    const gone = await this.removeOne();
    if (gone > 0) this.set({ removed: this.state.removed + gone });
    return gone;
  }

  holds(held: number): void {
    this.set({ held, full: held > 0, low: held > 0 || this.state.low });
  }

  private set(change: Partial<SpaceState>): void {
    const next = { ...this.state, ...change };
    const same = (Object.keys(next) as (keyof SpaceState)[]).every((key) => next[key] === this.state[key]);
    this.state = next;
    if (!same) this.changed();
  }
}
