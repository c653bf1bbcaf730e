// The page of the browser tests: hands what they drive to them.

import { Capture } from "../../../src/capture/capture";
import type { FromWorker, TakeState, ToWorker } from "../../../src/capture/protocol";
import { newTakeName, type About } from "../../../src/capture/take";

/** A worker with what it said. */
function startWorker(attempt = "a1", reserve = 0) {
  const worker = new Worker(new URL("../../../src/capture/worker.ts", import.meta.url), { type: "module" });
  const takes: Record<string, TakeState> = {};
  const said: Record<string, FromWorker> = {};
  const failures: string[] = [];
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    said[data.type] = data;
    if (data.type === "take") takes[data.take.take] = data.take;
    if (data.type === "removed") delete takes[data.take];
    if (data.type === "failed") failures.push(data.message);
  };
  const order = (message: ToWorker) => worker.postMessage(message);
  order({ type: "open", attempt, at: { files: "/files/", api: "/api/candidate" }, reserve });
  const stamp = () => ({ wall: Date.now() * 1000, monotonic: Math.round(performance.now() * 1000), server: null });
  return {
    takes, said, failures, order,
    begin(kind: About["kind"] = "camera"): string {
      const take = newTakeName();
      order({ type: "begin", about: { version: 1, take, attempt, kind, mime: "video/webm", label: "", settings: {}, run: "r", began: { ...stamp(), reason: "start" } } });
      return take;
    },
    /** Chunks of noise. */
    chunks(take: string, count: number, size: number): void {
      for (let n = 0; n < count; n++) {
        const bytes = new Uint8Array(size + n);
        for (let at = 0; at < bytes.length; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
        order({ type: "chunk", take, data: new Blob([bytes]), ms: 2000 * (n + 1) });
      }
    },
    end: (take: string) => order({ type: "end", take, end: { ...stamp(), reason: "finished" }, ms: 100_000 }),
  };
}

/** The bytes of every take on this disk, by SHA-256, as another reader than the journal sees them. */
async function onDisk(): Promise<Record<string, { size: number; sha256: string }>> {
  const root = await (await navigator.storage.getDirectory()).getDirectoryHandle("trivue");
  const takes = await root.getDirectoryHandle("takes");
  const found: Record<string, { size: number; sha256: string }> = {};
  for await (const [name, folder] of takes.entries()) {
    const file = await (await (folder as FileSystemDirectoryHandle).getFileHandle("media")).getFile();
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
    found[name] = { size: file.size, sha256: Array.from(digest, (b) => b.toString(16).padStart(2, "0")).join("") };
  }
  return found;
}

// What is shared can be stopped by its owner at any time; here the test is the owner.
const shared: MediaStreamTrack[] = [];
const share = navigator.mediaDevices.getDisplayMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getDisplayMedia = async (wanted) => {
  const stream = await share(wanted);
  shared.push(...stream.getVideoTracks());
  return stream;
};

/** A track as its device leaves it when it is pulled out. */
function pullOut(track: MediaStreamTrack): void {
  track.stop();
  track.dispatchEvent(new Event("ended"));
}

/** A phone's engine beside the laptop's. */
function startPhone(attempt = "a1") {
  const phone = new Capture({ attempt, kinds: ["phone"] as const, place: "trivue-phone", at: { files: "/files/", api: "/api/phone", clock: "/api/candidate/clock", as: "phone" }, slice: 300, reserve: 0 });
  window.phone = phone;
  return phone.open();
}

function startCapture(attempt = "a1") {
  const capture = new Capture({ attempt, slice: 300, reserve: 4 << 20 });
  window.capture = capture;
  return capture.open();
}

const harness = { startWorker, onDisk, startCapture, startPhone, pullOut, shared };
declare global {
  interface Window {
    harness: typeof harness;
    w: ReturnType<typeof startWorker>;
    capture: Capture;
    phone: Capture<"phone">;
  }
}
window.harness = harness;
