// How fast the line to the server is, in both directions.

import { api } from "../api";
import { speed } from "../measures";
import { judgeNetwork, type CheckResult } from "./results";

/** Bytes of a first and of a second try: the second one only where the first was too quick to mean anything. */
const sizes = [256 << 10, 2 << 20];
const enough = 700;

async function throughput(move: (bytes: number) => Promise<unknown>): Promise<number> {
  let bits = 0;
  for (const size of sizes) {
    const began = performance.now();
    await move(size);
    const took = Math.max(1, performance.now() - began);
    bits = (size * 8000) / took;
    if (took > enough) break;
  }
  return bits;
}

/** Bytes that no proxy can make smaller. */
function noise(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 65536) crypto.getRandomValues(bytes.subarray(at, Math.min(size, at + 65536)));
  return bytes;
}

async function roundTrip(): Promise<number> {
  const took: number[] = [];
  for (let n = 0; n < 5; n++) {
    const began = performance.now();
    await api.clock();
    took.push(performance.now() - began);
  }
  return took.sort((a, b) => a - b)[2]!;
}

export async function checkNetwork(): Promise<CheckResult> {
  try {
    const rtt = await roundTrip();
    const down = await throughput((bytes) => api.download(bytes));
    const up = await throughput((bytes) => api.upload(noise(bytes)));
    return { state: judgeNetwork(up, down, rtt), said: "devices.networkSpeed", todo: "devices.networkTodo", values: { up: speed(up), down: speed(down), rtt: Math.round(rtt) } };
  } catch {
    return { state: "bad", todo: "devices.networkNone" };
  }
}
