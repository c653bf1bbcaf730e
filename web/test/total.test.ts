import { expect, test } from "vitest";
import { withUploads } from "../src/staff/total";

const uploading = { state: "uploading", progress: 0.1 } as const;

test("what this tab sends is part of the total", () => {
  const takes = [
    { uploadId: "a", received: 0 },
    { uploadId: "b", received: 30 },
  ];
  const sending = [
    { uploadId: "a", size: 100, sent: 50 },
    { uploadId: "b", size: 100, sent: 80 },
    { uploadId: "", size: 100, sent: 0 },
  ];
  expect(withUploads(uploading, takes, sending).progress).toBeCloseTo(0.1 + (0.4 * (0.5 + 0.5)) / 2);
});

test("it never goes back, nor beyond the whole, and is left alone when nothing is uploaded", () => {
  expect(withUploads(uploading, [{ uploadId: "a", received: 60 }], [{ uploadId: "a", size: 100, sent: 50 }]).progress).toBe(0.1);
  expect(withUploads({ state: "uploading", progress: 0.9 }, [{ uploadId: "a", received: 0 }], [{ uploadId: "a", size: 100, sent: 100 }]).progress).toBe(1);
  const working = { state: "working", progress: 0.5 } as const;
  expect(withUploads(working, [{ uploadId: "a", received: 0 }], [{ uploadId: "a", size: 100, sent: 100 }])).toBe(working);
});
