// Stills that the server does not have yet: sent when it can be reached, whatever step is shown by then.

import { api, ApiError, type StillSide } from "./api";

export class StillOutbox {
  private readonly waiting = new Map<StillSide, Blob>();
  private readonly arrived = new Set<StillSide>();
  private sending = false;

  constructor(private readonly changed: () => void) {}

  state(side: StillSide): "none" | "waiting" | "sent" {
    return this.waiting.has(side) ? "waiting" : this.arrived.has(side) ? "sent" : "none";
  }

  async add(side: StillSide, picture: Blob): Promise<void> {
    this.waiting.set(side, picture);
    await this.flush();
  }

  /** Tries everything that waits, once. */
  async flush(): Promise<void> {
    if (this.sending || this.waiting.size === 0) return;
    this.sending = true;
    try {
      for (const [side, picture] of this.waiting) {
        await api.still(side, picture);
        // A picture that was taken again meanwhile is still to be sent.
        if (this.waiting.get(side) === picture) this.waiting.delete(side);
        this.arrived.add(side);
      }
    } catch (error) {
      // What a rule refuses is not taken later either.
      if (error instanceof ApiError && (error.status === 409 || error.status === 404)) this.waiting.clear();
    } finally {
      this.sending = false;
      this.changed();
    }
  }
}
