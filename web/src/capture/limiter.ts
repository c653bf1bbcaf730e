// How often an event of a kind may be told: a page that flickers between hidden and shown must not drown the log.

const burst = 30;
const perSecond = 0.5;

export class Limiter {
  private readonly kinds = new Map<string, { tokens: number; at: number; suppressed: number }>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Whether an event may be told; with how many of its kind were not told since the last one that was. */
  allow(kind: string): { suppressed: number } | null {
    const now = this.now();
    const bucket = this.kinds.get(kind) ?? { tokens: burst, at: now, suppressed: 0 };
    this.kinds.set(kind, bucket);
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * perSecond);
    bucket.at = now;
    if (bucket.tokens < 1) {
      bucket.suppressed++;
      return null;
    }
    bucket.tokens--;
    const { suppressed } = bucket;
    bucket.suppressed = 0;
    return { suppressed };
  }
}
