// Stills that are not sent yet, kept over a reload. Where nothing can be kept, they last as long as the page.

import type { StillSide } from "./api";

const database = "trivue";
const stills = "stills";

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB"));
  });
}

async function inStore<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const opening = indexedDB.open(database, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(stills);
  const db = await settled(opening);
  try {
    return await settled(work(db.transaction(stills, mode).objectStore(stills)));
  } finally {
    db.close();
  }
}

/** An attempt's keys begin with its identifier: whoever uses the computer next does not send somebody else's pictures. */
const keyOf = (attempt: string, side: StillSide) => `${attempt}/${side}`;

export const stillStore = {
  async keep(attempt: string, side: StillSide, picture: Blob): Promise<void> {
    await inStore("readwrite", (store) => store.put(picture, keyOf(attempt, side))).catch(() => undefined);
  },
  async forget(attempt: string, side: StillSide): Promise<void> {
    await inStore("readwrite", (store) => store.delete(keyOf(attempt, side))).catch(() => undefined);
  },
  /** What is kept of an attempt. */
  async all(attempt: string): Promise<Map<StillSide, Blob>> {
    const found = new Map<StillSide, Blob>();
    for (const side of ["login", "a4-front", "a4-back"] as const) {
      const picture = (await inStore("readonly", (store) => store.get(keyOf(attempt, side))).catch(() => undefined)) as Blob | undefined;
      if (picture) found.set(side, picture);
    }
    return found;
  },
};
