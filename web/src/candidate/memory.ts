// What outlives a reload. Storage may be full or forbidden: then it lasts as long as the page, and nothing else changes.

const prefix = "trivue.";
const here = new Map<string, string>();

function remember(storage: () => Storage, key: string, value: unknown): void {
  const text = JSON.stringify(value);
  here.set(key, text);
  try {
    storage().setItem(prefix + key, text);
  } catch {
    // See above.
  }
}

function recall<T>(storage: () => Storage, key: string): T | null {
  try {
    return JSON.parse(storage().getItem(prefix + key) ?? here.get(key) ?? "null") as T | null;
  } catch {
    return null;
  }
}

function forget(storage: () => Storage, key: string): void {
  here.delete(key);
  try {
    storage().removeItem(prefix + key);
  } catch {
    // See above.
  }
}

const area = (storage: () => Storage) => ({
  remember: (key: string, value: unknown) => remember(storage, key, value),
  recall: <T>(key: string) => recall<T>(storage, key),
  forget: (key: string) => forget(storage, key),
});

/** For this browser. */
export const device = area(() => localStorage);
/** For this tab: what nobody who comes later should find. */
export const tab = area(() => sessionStorage);

export interface ChosenDevices {
  camera?: string;
  microphone?: string;
}
export const chosenDevices = (): ChosenDevices => device.recall<ChosenDevices>("chosen") ?? {};
