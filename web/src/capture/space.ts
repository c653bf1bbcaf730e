// When the disk runs full: what the server has signed for goes first; then the reserve, and the page is told and records with fewer
// bits; then what is recorded waits in memory.

import type { SpaceState } from "./protocol";

/** Chunks wait in memory up to this many bytes; then recording stops, for a tab that runs out of memory loses them. */
export const heldAtMost = 64e6;
/** Pieces by which the reserve grows at one look, so that it does not hold up the journal. */
const growAtOnce = 8;

export interface ReserveLike {
  readonly whole: boolean;
  readonly size: number;
  give(toEnd: boolean): Promise<number>;
  grow(pieces: number): Promise<boolean>;
}

export class Space {
  state: SpaceState = { low: false, full: false, reserve: 0, held: 0, removed: 0 };
  /** Whether a write has failed since the reserve was last whole. */
  private short = false;

  constructor(
    private readonly reserve: ReserveLike,
    /** Removes the oldest take that has a receipt; gives its bytes, 0 when there is none. */
    private readonly removeOne: () => Promise<number>,
    private readonly changed: () => void,
  ) {}

  /** Fills the reserve up, with the space of signed takes if need be. To be called every few seconds. */
  async look(): Promise<void> {
    while (!this.reserve.whole && this.state.held === 0) {
      if (await this.reserve.grow(growAtOnce)) break;
      this.short = true;
      if ((await this.removed()) === 0) break;
    }
    if (this.reserve.whole) this.short = false;
    this.update();
  }

  /** A write found no space. Gives how much was made, in bytes. toEnd: it is needed for a take's end. */
  async makeRoom(toEnd = false): Promise<number> {
    this.short = true;
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
