// One tab at a time: a journal and its recorders belong to one page.

/** A page that is being reloaded lets go a moment after the next one has begun. */
const patience = 2000;

/**
 * Asks to be the one tab. elsewhere is called when another is; once that is closed the promise resolves all the same, with the
 * function that lets go. name: of what there is one of.
 */
export async function becomeTheTab(elsewhere: () => void, name = "trivue-capture"): Promise<() => void> {
  const timer = setTimeout(elsewhere, patience);
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(
        name,
        () =>
          new Promise<void>((letGo) => {
            clearTimeout(timer);
            resolve(letGo);
          }),
      )
      .catch((error: unknown) => {
        clearTimeout(timer);
        reject(error as Error);
      });
  });
}
