// The little of a file system that the journal needs, so that it can be tested against one that fails and forgets.

import type { Bytes } from "./chain";

export interface JournalFile {
  size(): number;
  /** Reads as much as there is from at on, into the whole of bytes; gives how many were read. */
  read(bytes: Bytes, at: number): number;
  /** May write less than asked, or throw, when there is no space. */
  write(bytes: Bytes, at: number): number;
  truncate(size: number): void;
  /** Returns when what was written is on the disk. */
  flush(): void;
  close(): void;
}

export interface Folder {
  /** Opens for writing, exclusively: throws InUse while somebody else has it open. */
  open(name: string): Promise<JournalFile>;
  /** The names in it. */
  list(): Promise<string[]>;
  remove(name: string): Promise<void>;
  /** A folder in it, made where there is none. */
  folder(name: string): Promise<Folder>;
}

/** Another tab, or an earlier page that is not quite gone, writes to the file. */
export class InUse extends Error {}

/** The disk, or this site's share of it, is full. What was journaled before is untouched. */
export class NoSpace extends Error {}

export async function readText(folder: Folder, name: string): Promise<string | null> {
  if (!(await folder.list()).includes(name)) return null;
  const file = await folder.open(name);
  try {
    const bytes = new Uint8Array(file.size());
    return new TextDecoder().decode(bytes.subarray(0, file.read(bytes, 0)));
  } finally {
    file.close();
  }
}

/** JSON in a file; null where there is none, or where a crash left half of it. */
export async function readJSON<T>(folder: Folder, name: string): Promise<T | null> {
  const text = await readText(folder, name);
  try {
    return text ? (JSON.parse(text) as T) : null;
  } catch {
    return null;
  }
}

export async function writeText(folder: Folder, name: string, text: string): Promise<void> {
  const file = await folder.open(name);
  try {
    const bytes = new TextEncoder().encode(text);
    file.truncate(0);
    writeAll(file, bytes, 0);
    file.flush();
  } finally {
    file.close();
  }
}

/** Writes all of bytes, or leaves the file as long as at and throws NoSpace. */
export function writeAll(file: JournalFile, bytes: Bytes, at: number): void {
  let wrote = 0;
  try {
    wrote = file.write(bytes, at);
  } catch (error) {
    file.truncate(at);
    throw isFull(error) ? new NoSpace("the disk is full", { cause: error }) : error;
  }
  if (wrote < bytes.length) {
    file.truncate(at);
    throw new NoSpace(`only ${wrote} of ${bytes.length} bytes could be written`);
  }
}

export function isFull(error: unknown): boolean {
  return error instanceof Error && error.name === "QuotaExceededError";
}
