// How far an attempt is as a whole, with what this tab is just sending.

import type { Summary, Take } from "./api";

/** What receiving is of the whole (receiveShare in the server's exam/summary.go). */
const receiving = 0.4;

interface Sending {
  uploadId: string;
  size: number;
  sent: number;
}

/** Adds what the server does not say of uploads that are under way: it notes a file when all of it has arrived. */
export function withUploads(summary: Summary, takes: Pick<Take, "uploadId" | "received">[], sending: Sending[]): Summary {
  if (summary.state !== "uploading" || takes.length === 0) return summary;
  let more = 0;
  for (const { uploadId, size, sent } of sending) {
    const take = takes.find((t) => t.uploadId === uploadId);
    if (take && size > 0) more += Math.max(0, sent - take.received) / size;
  }
  return { ...summary, progress: Math.min(1, summary.progress + (receiving * more) / takes.length) };
}
