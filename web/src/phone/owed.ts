// What was done on the phone and the server may not know yet: told in order, until it does.

import { device } from "../candidate/memory";
import { ApiError } from "../request";
import { api, type Pan, type State } from "./api";

export interface Owing {
  pan?: Pan;
  place?: boolean;
  end?: "hand" | "attempt";
}

export class Owed {
  owing: Owing = {};
  private key = "";
  private telling = false;

  constructor(
    private readonly answered: (state: State) => void,
    private readonly refused: (step: keyof Owing, error: ApiError) => void,
  ) {}

  /** For which phone: what an earlier start of this page could not tell is still to be told. */
  recall(state: State): void {
    this.key = `phone.owed.${state.attempt.id}.${state.phone.boundAt}`;
    this.owing = device.recall<Owing>(this.key) ?? {};
  }

  async owe(more: Owing): Promise<void> {
    this.owing = { ...this.owing, ...more };
    device.remember(this.key, this.owing);
    await this.tell();
  }

  /** Tries what waits, once. A step that the server does not answer waits, and with it those after it. */
  async tell(): Promise<void> {
    if (this.telling) return;
    this.telling = true;
    try {
      for (const step of ["pan", "place", "end"] as const) {
        const { pan, end } = this.owing;
        if (!this.owing[step]) continue;
        try {
          const state = await (step === "pan" ? api.pan(pan!) : step === "place" ? api.place() : api.end(end!));
          this.drop(step);
          this.answered(state);
        } catch (error) {
          if (!(error instanceof ApiError) || error.status !== 409) return;
          // A rule's word stands. "already" is not a refusal: the first answer was lost.
          this.drop(step);
          if (error.code !== "already") this.refused(step, error);
        }
      }
    } finally {
      this.telling = false;
    }
  }

  private drop(step: keyof Owing): void {
    const { [step]: _, ...rest } = this.owing;
    this.owing = rest;
    if (Object.keys(rest).length > 0) device.remember(this.key, rest);
    else device.forget(this.key);
  }
}
