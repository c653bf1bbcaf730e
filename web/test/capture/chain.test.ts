import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decodeRecords, encodeRecord, firstLink, nextLink, toHex } from "../../src/capture/chain";

interface Vector {
  take: string;
  kind: string;
  mime: string;
  first: string;
  /** data is in hexadecimal; the last chunk is empty: the end. */
  chunks: { data: string; ms: number; link: string }[];
  /** The whole of the chain file. */
  file: string;
}

const vectors = JSON.parse(readFileSync(new URL("../../../ingest/chain/testdata/vectors.json", import.meta.url), "utf8")) as Vector[];
const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"));

describe("the chain", () => {
  it.each(vectors.map((v) => [v.take, v] as const))("of take %s is what the server computes", async (_, v) => {
    let link = await firstLink(v.take, v.kind, v.mime);
    expect(toHex(link)).toBe(v.first);
    let file = "";
    for (const chunk of v.chunks) {
      link = await nextLink(link, bytes(chunk.data), chunk.ms);
      expect(toHex(link)).toBe(chunk.link);
      file += toHex(encodeRecord({ size: chunk.data.length / 2, ms: chunk.ms, link }));
    }
    expect(file).toBe(v.file);
    expect(decodeRecords(bytes(file + "00")).map((r) => [r.size, r.ms, toHex(r.link)])).toEqual(v.chunks.map((c) => [c.data.length / 2, c.ms, c.link]));
  });
});
