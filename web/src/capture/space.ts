// When the disk runs full: what the server has signed for goes first; then the reserve, and the page is told and records with fewer
// bits; then what is recorded waits in memory.

import type { SpaceState } from "./protocol";

/** Chunks wait in memory up to this many bytes; then recording stops, for a tab that runs out of memory loses them. */
export const heldAtMost = 64e6;

/** Looks that are left out after a write found no space: what was given up must not be taken back at once. */
const restAfter = 5;

export interface ReserveLike {
  readonly whole: boolean;
  readonly size: number;
  give(toEnd: boolean): Promise<number>;
  grow(): Promise<boolean>;
}

export class Space {
  state: SpaceState = { low: false, full: false, reserve: 0, held: 0, removed: 0 };
  /** Whether a write has failed since the reserve was last whole. */
  private short = false;
  private rest = 0;

  constructor(
    private readonly reserve: ReserveLike,
    /** Removes the oldest take that has a receipt; gives its bytes, 0 when there is none. */
    private readonly removeOne: () => Promise<number>,
    private readonly changed: () => void,
  ) {}

  /** Fills the reserve up, with the space of signed takes if need be. To be called every second. */
  async look(): Promise<void> {
    if (this.rest-- > 0) return;
    while (!this.reserve.whole && this.state.held === 0) {
      if (await this.reserve.grow()) break; // the next piece at the next look: the journal comes first
      this.short = true;
      if ((await this.removed()) > 0) continue;
      this.rest = restAfter;
      break;
    }
    if (this.reserve.whole) this.short = false;
    this.update();
  }

  /** A write found no space. Gives how much was made, in bytes. toEnd: it is needed for a take's end. */
  async makeRoom(toEnd = false): Promise<number> {
    this.short = true;
    this.rest = restAfter;
    const room = (await this.removed()) || (await this.reserve.give(toEnd));
    this.update();
    return room;
  }

  holds(held: number): void {
    this.update({ held });
  }

  private async removed(): Promise<number> {
    const gone = await this.removeOne();
    this.update({ removed: this.state.removed + gone });
    return gone;
  }

  private update(change: Partial<SpaceState> = {}): void {
    const next = { ...this.state, ...change };
    next.reserve = this.reserve.size;
    next.full = next.held > 0;
    next.low = this.short || next.full;
    const same = (Object.keys(next) as (keyof SpaceState)[]).every((key) => next[key] === this.state[key]);
    this.state = next;
    if (!same) this.changed();
  }
}
