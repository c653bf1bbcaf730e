// Folders in the origin private file system, for a dedicated worker: synchronous handles exist nowhere else.

import { InUse, isFull, NoSpace, type Folder, type JournalFile } from "./disk";

// TypeScript knows these in its library for workers only, which cannot be mixed with the one for pages.
declare global {
  interface FileSystemSyncAccessHandle {
    getSize(): number;
    read(buffer: Uint8Array<ArrayBuffer>, options: { at: number }): number;
    write(buffer: Uint8Array<ArrayBuffer>, options: { at: number }): number;
    truncate(size: number): void;
    flush(): void;
    close(): void;
  }
  interface FileSystemFileHandle {
    createSyncAccessHandle(): Promise<FileSystemSyncAccessHandle>;
  }
}

class OPFSFile implements JournalFile {
  constructor(private readonly handle: FileSystemSyncAccessHandle) {}
  size = () => this.handle.getSize();
  read = (bytes: Uint8Array<ArrayBuffer>, at: number) => this.handle.read(bytes, { at });
  write = (bytes: Uint8Array<ArrayBuffer>, at: number) => this.handle.write(bytes, { at });
  truncate = (size: number) => this.handle.truncate(size);
  flush = () => this.handle.flush();
  close = () => this.handle.close();
}

export class OPFSFolder implements Folder {
  constructor(private readonly handle: FileSystemDirectoryHandle) {}

  async open(name: string): Promise<JournalFile> {
    try {
      const file = await this.handle.getFileHandle(name, { create: true });
      return new OPFSFile(await file.createSyncAccessHandle());
    } catch (error) {
      if (error instanceof DOMException && error.name === "NoModificationAllowedError") throw new InUse(`${name} is in use`, { cause: error });
      throw isFull(error) ? new NoSpace(`${name} cannot be opened: the disk is full`, { cause: error }) : error;
    }
  }

  async list(): Promise<string[]> {
    const names: string[] = [];
    for await (const name of this.handle.keys()) names.push(name);
    return names;
  }

  remove(name: string): Promise<void> {
    return this.handle.removeEntry(name, { recursive: true });
  }

  async folder(name: string): Promise<Folder> {
    try {
      return new OPFSFolder(await this.handle.getDirectoryHandle(name, { create: true }));
    } catch (error) {
      throw isFull(error) ? new NoSpace(`${name} cannot be made: the disk is full`, { cause: error }) : error;
    }
  }
}

/** The folder in which everything of a page's capture lies. */
export async function openRoot(place: string): Promise<Folder> {
  return new OPFSFolder(await (await navigator.storage.getDirectory()).getDirectoryHandle(place, { create: true }));
}
