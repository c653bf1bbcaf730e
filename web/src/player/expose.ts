import type { Player } from "./player";

declare global {
  interface Window {
    trivuePlayer?: {
      play(): void;
      pause(): void;
      seek(interview: number): void;
      now(): number;
      errors(): Record<string, number>;
      ready(): boolean;
    };
  }
}

/** Gives tests and scripts a handle on the page's player. */
export function exposeForTests(player: Player): void {
  window.trivuePlayer = {
    play: () => player.play(),
    pause: () => player.pause(),
    seek: (interview) => player.seek(interview),
    now: () => player.clock.now(),
    errors: () => ({ ...player.errors() }),
    ready: () => player.views.every((view) => !view.waiting && !view.shown?.seeking),
  };
}
