// The chain over a take's chunks, as docs/interview.md defines it. The server computes the same over the bytes that it stored;
// ingest/chain/testdata/vectors.json holds both to it.

/** A record in the file `chain`: uint32 size, uint32 milliseconds, 32 bytes link. */
export const recordSize = 40;

export type Bytes = Uint8Array<ArrayBuffer>;

export interface ChainRecord {
  /** Bytes of the chunk; 0 marks the end of the take. */
  size: number;
  /** Milliseconds since the take began. */
  ms: number;
  link: Bytes;
}

async function sha256(data: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data));
}

/** The link that stands before the first chunk. */
export function firstLink(take: string, kind: string, mime: string): Promise<Bytes> {
  return sha256(new TextEncoder().encode(`trivue chain 1\n${take}\n${kind}\n${mime}\n`));
}

/** The link after a chunk; an empty chunk gives the end's link. */
export async function nextLink(previous: Bytes, chunk: Bytes, ms: number): Promise<Bytes> {
  const text = new Uint8Array(72);
  const view = new DataView(text.buffer);
  text.set(previous);
  view.setUint32(32, chunk.length, true);
  view.setUint32(36, ms, true);
  text.set(await sha256(chunk), 40);
  return sha256(text);
}

export function encodeRecord(record: ChainRecord): Bytes {
  const bytes = new Uint8Array(recordSize);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, record.size, true);
  view.setUint32(4, record.ms, true);
  bytes.set(record.link, 8);
  return bytes;
}

/** The whole records at the front of bytes; half a record at the end is left out. */
export function decodeRecords(bytes: Bytes): ChainRecord[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(bytes.length / recordSize) }, (_, n) => ({
    size: view.getUint32(n * recordSize, true),
    ms: view.getUint32(n * recordSize + 4, true),
    link: bytes.slice(n * recordSize + 8, (n + 1) * recordSize),
  }));
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (value) => value.toString(16).padStart(2, "0")).join("");
}
