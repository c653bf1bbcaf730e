// A disk in memory that can be full, forget what was not flushed, and be cut anywhere.

import type { Bytes } from "../../src/capture/chain";
import { InUse, type Folder, type JournalFile } from "../../src/capture/disk";

export class MemoryFile implements JournalFile {
  bytes: Bytes = new Uint8Array(0);
  durable: Bytes = new Uint8Array(0);
  open = false;
  constructor(private readonly disk: MemoryFolder) {}
  size = () => this.bytes.length;
  read(into: Bytes, at: number): number {
    const part = this.bytes.subarray(at, at + into.length);
    into.set(part);
    return part.length;
  }
  write(bytes: Bytes, at: number): number {
    const root = this.disk.root;
    const grow = Math.max(0, at + bytes.length - this.bytes.length);
    let take = bytes.length;
    if (root.used() + grow > root.capacity) {
      if (root.onFull === "throw") throw Object.assign(new Error("full"), { name: "QuotaExceededError" });
      take = Math.max(0, bytes.length - (root.used() + grow - root.capacity));
    }
    const grown = new Uint8Array(Math.max(this.bytes.length, at + take));
    grown.set(this.bytes);
    grown.set(bytes.subarray(0, take), at);
    this.bytes = grown;
    return take;
  }
  truncate(size: number): void {
    const cut = new Uint8Array(size);
    cut.set(this.bytes.subarray(0, size));
    this.bytes = cut;
  }
  flush(): void {
    this.durable = this.bytes.slice();
  }
  close(): void {
    this.open = false;
  }
}

export class MemoryFolder implements Folder {
  readonly files = new Map<string, MemoryFile>();
  readonly folders = new Map<string, MemoryFolder>();
  capacity = Infinity;
  onFull: "throw" | "short" = "throw";
  constructor(readonly parent: MemoryFolder | null = null) {}
  get root(): MemoryFolder {
    return this.parent ? this.parent.root : this;
  }
  used(): number {
    let sum = 0;
    for (const file of this.files.values()) sum += file.bytes.length;
    for (const folder of this.folders.values()) sum += folder.used();
    return sum;
  }
  async open(name: string): Promise<MemoryFile> {
    const file = this.files.get(name) ?? new MemoryFile(this);
    this.files.set(name, file);
    if (file.open) throw new InUse(name);
    file.open = true;
    return file;
  }
  async list(): Promise<string[]> {
    return [...this.files.keys(), ...this.folders.keys()];
  }
  async remove(name: string): Promise<void> {
    this.files.delete(name);
    this.folders.delete(name);
  }
  async folder(name: string): Promise<MemoryFolder> {
    const folder = this.folders.get(name) ?? new MemoryFolder(this);
    this.folders.set(name, folder);
    return folder;
  }
  /** The machine loses power: only what was flushed is left, and nobody has a file open. */
  powerCut(): void {
    for (const file of this.files.values()) {
      file.bytes = file.durable.slice();
      file.open = false;
    }
    for (const folder of this.folders.values()) folder.powerCut();
  }
}
