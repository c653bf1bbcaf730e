import { describe, expect, it, vi } from "vitest";
import { ServerClock, type Jump } from "../../src/capture/clock";
import { RateMeter } from "../../src/capture/rate";
import { longestPause, pauseAfter, Retry } from "../../src/capture/retry";
import { lowWater, Space } from "../../src/capture/space";
import { Turns } from "../../src/capture/turns";

describe("turns", () => {
  it("go round, however eager one sender is", async () => {
    const turns = new Turns(1);
    const order: string[] = [];
    const sender = async (key: string, times: number) => {
      for (let i = 0; i < times; i++) {
        const release = await turns.take(key);
        order.push(key);
        await Promise.resolve();
        release();
        release(); // twice does no harm
      }
    };
    await Promise.all([sender("older", 6), sender("camera", 6), sender("screen", 6)]);
    for (let at = 0; at < 18; at += 3) expect(new Set(order.slice(at, at + 3)).size, order.join()).toBe(3);
  });

  it("are never more at once than allowed", async () => {
    const turns = new Turns(2);
    const first = await turns.take("a");
    await turns.take("b");
    let third = false;
    void turns.take("c").then(() => (third = true));
    await Promise.resolve();
    expect(third).toBe(false);
    first();
    await vi.waitFor(() => expect(third).toBe(true));
  });
});

describe("retrying", () => {
  it("waits longer each time, never longer than it should", () => {
    expect([1, 2, 3].map((n) => pauseAfter(n, 0.5))).toEqual([500, 1000, 2000]);
    for (let n = 1; n < 5000; n *= 3) expect(pauseAfter(n, 1)).toBeLessThanOrEqual(longestPause * 1.25);
  });

  it("goes on at once when woken", async () => {
    vi.useFakeTimers();
    try {
      const retry = new Retry();
      const waited = retry.pause(20);
      retry.wake();
      await waited;
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("the uplink's rate", () => {
  it("counts the time in which something was being sent, once", () => {
    let now = 0;
    const meter = new RateMeter(() => now);
    for (let i = 0; i < 20; i++) {
      meter.begin();
      meter.begin();
      now += 500;
      meter.end(62_500);
      meter.end(0);
      now += 10_000; // nothing to send
    }
    expect(meter.rate).toBe(1_000_000);
  });
});

describe("the server's clock", () => {
  const clockAt = (jumps: Jump[] = []) => {
    const time = { mono: 0, wall: 1e12 };
    return { time, jumps, clock: new ServerClock(() => time.mono, () => time.wall, (jump) => jumps.push(jump)) };
  };

  it("is not known before the server was reached", () => {
    const { clock } = clockAt();
    expect(clock.stamp()).toEqual({ wall: 1e15, monotonic: 0, server: null });
    expect(clock.state.known).toBe(false);
  });

  it("follows offset and drift through a network that delays one way", () => {
    const { clock, time, jumps } = clockAt();
    const truth = (mono: number) => 1.7e12 + mono * (1 + 40e-6);
    let random = 7;
    const next = () => (random = (random * 16807) % 2147483647) / 2147483647;
    for (let at = 0; at < 3_600_000; at += 30_000) {
      // Half of the answers are held up for up to half a second on their way back.
      const delay = next() < 0.5 ? next() * 500 : 0;
      clock.add({ at: at + 5 + delay / 2, server: truth(at + 5), roundTrip: 10 + next() + delay });
    }
    time.mono = 3_700_000;
    expect(Math.abs(clock.now()! - truth(time.mono))).toBeLessThan(5);
    expect(clock.state.drift).toBeCloseTo(40e-6, 6);
    expect(jumps).toEqual([]);
  });

  it("begins anew when the monotonic clock stood still, and says so", () => {
    const { clock, jumps } = clockAt();
    for (let at = 0; at < 100_000; at += 10_000) clock.add({ at, server: 1e12 + at, roundTrip: 10 });
    clock.add({ at: 110_000, server: 1e12 + 710_000, roundTrip: 10 });
    expect(jumps).toEqual([{ clock: "server", by: 600_000 }]);
    expect(clock.state.probes).toBe(1);
  });

  it("tells when somebody sets the device's clock, and not when a timer was late", () => {
    const { clock, time, jumps } = clockAt();
    for (const [passed, set] of [[0, 0], [1000, 0], [60_000, 0], [1000, -3_600_000], [1000, 100]] as const) {
      time.mono += passed;
      time.wall += passed + set;
      clock.watchWall();
    }
    expect(jumps).toEqual([{ clock: "wall", by: -3_600_000 }]);
  });
});

describe("space", () => {
  it("is made from takes with a receipt, as long as there are some", async () => {
    const gone = [30e6, 60e6, 0];
    const free = 100e6;
    const space = new Space(async () => ({ quota: 1e9, usage: 1e9 - free }), async () => gone.shift()!, () => undefined);
    await space.look();
    expect(space.state).toMatchObject({ free: 190e6, low: false, removed: 90e6 });
    const none = new Space(async () => ({ quota: 1e9, usage: 1e9 - lowWater + 1 }), async () => 0, () => undefined);
    await none.look();
    expect(none.state).toMatchObject({ low: true, full: false });
    none.holds(500);
    expect(none.state).toMatchObject({ full: true, held: 500 });
  });
});
