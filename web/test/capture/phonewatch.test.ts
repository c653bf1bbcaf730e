// A page that stood still, seen by the time between two ticks.

import { expect, it, vi } from "vitest";
import { PhoneWatch } from "../../src/capture/phonewatch";
import type { Recording } from "../../src/capture/recording";

function watch() {
  const recording = { freeze: vi.fn(), thaw: vi.fn() };
  const clock = { wall: 1e15, monotonic: 0 };
  const host = { recordings: [recording as unknown as Recording], stamp: () => ({ ...clock, server: null }), note: vi.fn(), leaving: vi.fn(), back: vi.fn() };
  const watched = new PhoneWatch(host);
  const tick = (wall: number, monotonic = wall) => {
    clock.wall += wall * 1e6;
    clock.monotonic += monotonic * 1e6;
    watched.tick();
  };
  return { recording, host, tick, clock };
}

it("says nothing of ticks that come late but in time", () => {
  const { recording, tick } = watch();
  for (const seconds of [1, 1, 4.9, 1]) tick(seconds);
  expect(recording.freeze).not.toHaveBeenCalled();
});

it("ends the take with the last tick before a standstill, and goes on", () => {
  const { recording, host, tick, clock } = watch();
  tick(1);
  const last = { ...clock, server: null };
  tick(20);
  expect(recording.freeze).toHaveBeenCalledWith(last, expect.any(Number));
  expect(recording.thaw).toHaveBeenCalledOnce();
  expect(host.note).toHaveBeenCalledWith("frozen", { for: 20_000 });
  expect(host.back).toHaveBeenCalledOnce();
});

it("knows a standstill by the calendar where the other clock stood still as well", () => {
  const { recording, tick } = watch();
  tick(1);
  tick(60, 1);
  expect(recording.freeze).toHaveBeenCalledOnce();
});
