// What goes wrong with a request. Apart from trouble.ts: the page needs this and not tus-js-client.

/** An answer that is not the wanted one. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly body = "",
  ) {
    super(`answered with ${status}`);
  }
}

/** No byte moved for too long. */
export class Silent extends Error {}
