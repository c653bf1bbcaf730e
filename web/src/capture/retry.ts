// Waiting before trying again, for ever: longer each time, and not at all once something says that it may work now.

export const longestPause = 30_000;

/** Milliseconds before the nth try in a row; random by a quarter, so that a restarted server does not meet everybody at once. */
export function pauseAfter(failures: number, random = Math.random()): number {
  return Math.min(longestPause, 500 * 2 ** Math.min(failures - 1, 10)) * (0.75 + random / 2);
}

export class Retry {
  private readonly waiting = new Set<() => void>();

  pause(failures: number): Promise<void> {
    return this.sleep(pauseAfter(failures));
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.waiting.add(done);
    });
  }

  /** The network is back, or somebody signed in: everybody tries now. */
  wake(): void {
    for (const done of [...this.waiting]) done();
  }
}
