// Uploads of this page, by tus. A file that is chosen again after a reload goes on where it stopped: tus-js-client finds the
// upload by the file's name, size and date.

import { reactive } from "vue";
import * as tus from "tus-js-client";
import type { Kind } from "../player/timeline";

export interface Transfer {
  key: number;
  kind: Kind;
  name: string;
  size: number;
  sent: number;
  speed: number; // bytes per second, smoothed
  state: "running" | "paused" | "retrying" | "failed" | "done";
  reason: string;
  uploadId: string;
  pause(): void;
  resume(): void;
  cancel(): void;
}

/** How long to wait before trying again, in milliseconds; a server that restarts is back within a minute. */
const retryDelays = [0, 1000, 2000, 4000, 8000, 15000, 30000, 30000, 60000, 60000];

export function useUploads(attemptId: string) {
  const transfers = reactive<Transfer[]>([]);
  let next = 0;

  async function add(kind: Kind, file: File): Promise<void> {
    let mark = { at: performance.now(), sent: 0 };
    const upload = new tus.Upload(file, {
      endpoint: "/files/",
      retryDelays,
      metadata: { attempt: attemptId, kind, filename: file.name },
      fingerprint: async () => ["trivue", attemptId, kind, file.name, file.size, file.lastModified].join("-"),
      removeFingerprintOnSuccess: true,
      onShouldRetry: (error) => {
        const status = error.originalResponse?.getStatus() ?? 0;
        const passing = status === 0 || status >= 500 || [409, 423, 429].includes(status);
        if (passing) transfer.state = "retrying";
        return passing;
      },
      onUploadUrlAvailable: () => {
        transfer.uploadId = upload.url?.split("/").pop() ?? "";
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
      onSuccess: () => {
        transfer.state = "done";
        transfers.splice(transfers.indexOf(transfer), 1);
      },
      onError: (error) => {
        transfer.state = "failed";
        const response = error instanceof tus.DetailedError ? error.originalResponse : null;
        transfer.reason = response?.getBody()?.trim() || error.message;
      },
    });
    const transfer = reactive<Transfer>({
      key: next++, kind, name: file.name, size: file.size, sent: 0, speed: 0, state: "running", reason: "", uploadId: "",
      pause: () => {
        transfer.state = "paused";
        void upload.abort();
      },
      resume: () => {
        transfer.state = "running";
        transfer.reason = "";
        upload.start();
      },
      cancel: () => {
        void upload.abort(true).catch(() => undefined);
        transfers.splice(transfers.indexOf(transfer), 1);
      },
    });
    transfers.push(transfer);
    const previous = (await upload.findPreviousUploads()).sort((a, b) => b.creationTime.localeCompare(a.creationTime))[0];
    if (previous) upload.resumeFromPreviousUpload(previous);
    upload.start();
  }

  return { transfers, add };
}
