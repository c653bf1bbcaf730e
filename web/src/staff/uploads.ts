// Uploads of this browser tab, by tus; they go on while other pages of the application are shown. A file that is chosen again
// after a reload goes on where it stopped: tus-js-client finds the upload by the file's name, size and date.

import { reactive, watch } from "vue";
import * as tus from "tus-js-client";
import type { Kind } from "../player/timeline";
import { session } from "./session";

/** Why an upload stands still, for the catalogue's "upload.why.…". */
export type Why = "network" | "disk-full" | "too-large" | "empty" | "forbidden" | "refused" | "file";

export interface Transfer {
  key: number;
  attemptId: string;
  kind: Kind;
  name: string;
  size: number;
  sent: number;
  speed: number; // bytes per second, smoothed
  /** "signed-out": the session is over, and the upload goes on by itself after the next sign-in. */
  state: "running" | "paused" | "retrying" | "signed-out" | "failed";
  why: Why;
  uploadId: string;
  pause(): void;
  resume(): void;
  /** Stops because the session is over. */
  signOut(): void;
  cancel(): void;
}

/** How long to wait before trying again, in milliseconds; a server that restarts is back within a minute. */
const retryDelays = [0, 1000, 2000, 4000, 8000, 15000, 30000, 30000, 60000, 60000];

/** An answer to "how far is this upload?" that does not say that there is no such upload. */
class NotGone extends Error {
  constructor(readonly status: number) {
    super(`HEAD was answered with ${status}`);
  }
}

/**
 * Keeps tus-js-client from beginning anew: it takes every refusal of HEAD but 423 for "this upload is gone" and forgets where it
 * was, also where a session is over (401) or a proxy cannot reach the server (502). Only two answers mean gone.
 */
function onlyGoneIsGone(request: tus.HttpRequest, response: tus.HttpResponse): void {
  const status = response.getStatus();
  if (request.getMethod() === "HEAD" && status >= 300 && ![404, 410, 423].includes(status)) throw new NotGone(status);
}

/** The status of the answer that an upload failed with; 0 without one. */
function statusOf(error: Error): number {
  if (!(error instanceof tus.DetailedError)) return -1; // the file itself
  return error.causingError instanceof NotGone ? error.causingError.status : (error.originalResponse?.getStatus() ?? 0);
}

function whyOf(status: number): Why {
  const known: Record<number, Why> = { [-1]: "file", 0: "network", 400: "empty", 403: "forbidden", 413: "too-large", 507: "disk-full" };
  return known[status] ?? (status >= 500 ? "network" : "refused");
}

export const transfers = reactive<Transfer[]>([]);
const byFingerprint = new Map<string, Transfer>();
let next = 0;

/** Whether something would stop if the tab were closed. */
export const unfinished = () => transfers.some((transfer) => transfer.state !== "failed");

/** Sends a file as a recording of an attempt. */
export async function upload(attemptId: string, kind: Kind, file: File): Promise<void> {
  const fingerprint = ["trivue", attemptId, kind, file.name, file.size, file.lastModified].join("-");
  const same = byFingerprint.get(fingerprint);
  if (same) {
    // Two uploads of one file would fight for the same place on the server.
    if (same.state === "paused" || same.state === "failed") same.resume();
    return;
  }
  let mark = { at: performance.now(), sent: 0 };
  const end = () => {
    byFingerprint.delete(fingerprint);
    const at = transfers.indexOf(transfer);
    if (at >= 0) transfers.splice(at, 1);
  };
  const sender = new tus.Upload(file, {
    endpoint: "/files/",
    retryDelays,
    metadata: { attempt: attemptId, kind, filename: file.name },
    fingerprint: async () => fingerprint,
    removeFingerprintOnSuccess: true,
    onAfterResponse: onlyGoneIsGone,
    onShouldRetry: (error) => {
      const status = statusOf(error);
      const passing = status === 0 || status >= 500 || [409, 423, 429].includes(status);
      if (passing) {
        transfer.state = "retrying";
        transfer.why = whyOf(status);
      }
      return passing;
    },
    onUploadUrlAvailable: () => {
      transfer.uploadId = sender.url?.split("/").pop() ?? "";
    },
    onProgress: (sent) => {
      const now = performance.now();
      if (now - mark.at > 500) {
        const speed = Math.max(0, ((sent - mark.sent) / (now - mark.at)) * 1000);
        transfer.speed = transfer.speed === 0 ? speed : transfer.speed * 0.7 + speed * 0.3;
        mark = { at: now, sent };
      }
      transfer.sent = sent;
      if (transfer.state === "retrying") transfer.state = "running";
    },
    onSuccess: end,
    onError: (error) => {
      const status = statusOf(error);
      transfer.why = whyOf(status);
      transfer.state = status === 401 ? "signed-out" : "failed";
      if (status === 401) session.lost();
    },
  });
  const start = () => {
    // What happened before is no measure of the speed from now on.
    mark = { at: performance.now(), sent: transfer.sent };
    transfer.speed = 0;
    transfer.state = "running";
    sender.start();
  };
  const transfer = reactive<Transfer>({
    key: next++, attemptId, kind, name: file.name, size: file.size, sent: 0, speed: 0, state: "running", why: "network", uploadId: "",
    pause: () => {
      transfer.state = "paused";
      void sender.abort();
    },
    resume: start,
    signOut: () => {
      transfer.state = "signed-out";
      void sender.abort();
    },
    cancel: () => {
      void sender.abort(true).catch(() => undefined);
      end();
    },
  });
  byFingerprint.set(fingerprint, transfer);
  transfers.push(transfer);
  const previous = (await sender.findPreviousUploads()).sort((a, b) => b.creationTime.localeCompare(a.creationTime))[0];
  if (previous) sender.resumeFromPreviousUpload(previous);
  if (transfer.state === "running") start();
}

// A session that is over stops uploads, and the next sign-in lets them go on.
watch(
  () => session.person !== null && !session.expired,
  (signedIn) => {
    for (const transfer of transfers) {
      if (signedIn && transfer.state === "signed-out") transfer.resume();
      if (!session.person && (transfer.state === "running" || transfer.state === "retrying")) transfer.signOut();
    }
  },
);
