// Stills that the server does not have yet: sent when it can be reached, whatever step is shown by then, also after a reload.

import { api, ApiError, type StillSide } from "./api";
import { stillStore } from "./stillstore";

export class StillOutbox {
  private readonly waiting = new Map<StillSide, Blob>();
  private readonly arrived = new Set<StillSide>();
  private sending = false;
  private attempt: string | null = null;

  constructor(private readonly changed: () => void) {}

  state(side: StillSide): "none" | "waiting" | "sent" {
    return this.waiting.has(side) ? "waiting" : this.arrived.has(side) ? "sent" : "none";
  }

  /** Takes up what an earlier page of this attempt could not send. */
  async open(attempt: string): Promise<void> {
    if (this.attempt === attempt) return;
    this.attempt = attempt;
    for (const [side, picture] of await stillStore.all(attempt)) if (this.state(side) === "none") this.waiting.set(side, picture);
    await this.flush();
  }

  async add(side: StillSide, picture: Blob): Promise<void> {
    this.waiting.set(side, picture);
    if (this.attempt) await stillStore.keep(this.attempt, side, picture);
    await this.flush();
  }

  private done(side: StillSide): void {
    this.waiting.delete(side);
    if (this.attempt) void stillStore.forget(this.attempt, side);
  }

  /** Tries everything that waits, once. */
  async flush(): Promise<void> {
    if (this.sending || this.waiting.size === 0) return;
    this.sending = true;
    try {
      for (const [side, picture] of this.waiting) {
        await api.still(side, picture);
        // A picture that was taken again meanwhile is still to be sent.
        if (this.waiting.get(side) === picture) this.done(side);
        this.arrived.add(side);
      }
    } catch (error) {
      // What a rule refuses is not taken later either.
      if (error instanceof ApiError && (error.status === 409 || error.status === 404)) for (const side of [...this.waiting.keys()]) this.done(side);
    } finally {
      this.sending = false;
      this.changed();
    }
  }
}
