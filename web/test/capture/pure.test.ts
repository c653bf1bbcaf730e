import { describe, expect, it, vi } from "vitest";
import { ServerClock, type Jump } from "../../src/capture/clock";
import { RateMeter } from "../../src/capture/rate";
import { Reserve } from "../../src/capture/reserve";
import { longestPause, pauseAfter, Retry } from "../../src/capture/retry";
import { Space } from "../../src/capture/space";
import { Turns } from "../../src/capture/turns";
import { MemoryFolder } from "./memorydisk";

describe("turns", () => {
  it("go round, however eager one sender is", async () => {
    const turns = new Turns(1);
    const order: string[] = [];
    const sender = async (key: string, times: number) => {
      for (let i = 0; i < times; i++) {
        const release = await turns.take();
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
    const first = await turns.take();
    await turns.take();
    let third = false;
    void turns.take().then(() => (third = true));
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

  it("knows a line that became narrow after few requests, and learns nothing from requests that fail", () => {
    let now = 0;
    const meter = new RateMeter(() => now);
    const send = (ms: number, bytes: number) => {
      meter.begin();
      now += ms;
      meter.end(bytes);
    };
    send(1000, 6_250_000); // 50 Mbit/s
    for (let i = 0; i < 3; i++) send(4000, 500_000); // 1 Mbit/s
    expect(meter.rate).toBeLessThan(1_400_000);
    const known = meter.rate;
    for (let i = 0; i < 5; i++) send(2000, 0);
    expect(meter.rate).toBe(known);
    for (let i = 0; i < 12; i++) send(1000, 6_250_000);
    expect(meter.rate).toBeGreaterThan(40_000_000);
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
  const disk = (free: number, signed: number[]) => {
    const state = { free, reserve: 0 };
    const reserve = {
      get whole() { return state.reserve >= 30; },
      get size() { return state.reserve; },
      async give() { const gone = Math.min(8, state.reserve); state.reserve -= gone; state.free += gone; return gone; },
      async grow() { const more = Math.min(10, 30 - state.reserve); if (state.free < more) return false; state.reserve += more; state.free -= more; return true; },
    };
    const space = new Space(reserve, async () => { const gone = signed.shift() ?? 0; state.free += gone; return gone; }, () => undefined);
    return { state, space };
  };
  const looks = async (space: Space) => { for (let i = 0; i < 30; i++) await space.look(); };

  it("is kept in reserve, and then nothing is low", async () => {
    const { state, space } = disk(100, [50]);
    await looks(space);
    expect(state).toEqual({ free: 70, reserve: 30 });
    expect(space.state).toEqual({ low: false, full: false, reserve: 30, held: 0, removed: 0 });
  });

  it("is made of signed takes first, then of the reserve, and is low until that is whole again", async () => {
    const signed = [5];
    const { state, space } = disk(30, signed);
    await looks(space);
    expect(await space.makeRoom()).toBe(5);
    expect(space.state).toMatchObject({ low: true, reserve: 30, removed: 5 });
    state.free = 0;
    expect(await space.makeRoom()).toBe(8);
    expect(space.state).toMatchObject({ low: true, full: false, reserve: 22 });
    state.free = 0;
    for (let i = 0; i < 3; i++) {
      expect(await space.makeRoom()).toBeGreaterThan(0);
      state.free = 0;
    }
    expect(await space.makeRoom()).toBe(0);
    space.holds(500);
    expect(space.state).toMatchObject({ low: true, full: true, held: 500, reserve: 0 });
    signed.push(20, 40);
    await looks(space);
    expect(space.state.removed).toBe(5); // what waits in memory is written before the reserve is filled
    space.holds(0);
    await looks(space);
    expect(space.state).toMatchObject({ low: false, full: false, reserve: 30, removed: 65 });
  });
});

describe("the reserve", () => {
  it("is real, given up bit by bit, the last of it only for ends", async () => {
    const disk = new MemoryFolder();
    const reserve = await Reserve.open(disk, 16 << 20);
    disk.capacity = 5 << 20;
    const grown: boolean[] = [];
    for (let i = 0; i < 4; i++) grown.push(await reserve.grow());
    expect(grown).toEqual([true, true, true, false]);
    expect([reserve.size, reserve.whole]).toEqual([(4 << 20) + (256 << 10), false]);
    expect(disk.used()).toBe(reserve.size);
    expect(await reserve.give(false)).toBe(2 << 20);
    expect(await reserve.give(false)).toBe(2 << 20);
    expect(await reserve.give(false)).toBe(0);
    expect(await reserve.give(true)).toBe(256 << 10);
    expect(disk.used()).toBe(0);
    disk.capacity = Infinity;
    for (let i = 0; i < 9; i++) await reserve.grow();
    expect(reserve.whole).toBe(true);
    expect((await Reserve.open(disk, 16 << 20)).whole).toBe(true);
    expect((await Reserve.open(disk, 8 << 20)).size).toBe(256 << 10);
  });
});
