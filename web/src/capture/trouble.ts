// Why nothing moves, in the words that pages translate.

import { DetailedError } from "tus-js-client";
import { Refused, Silent } from "./refused";

export type Trouble =
  | "network" // no answer
  | "server" // an answer that says: not now
  | "server-full"
  | "signed-out"
  | "refused" // the server does not want this take; a person must look
  | "too-large"
  | "disk"; // the journal could not be read

export function statusOf(error: unknown): number | null {
  if (error instanceof Refused) return error.status;
  if (!(error instanceof DetailedError)) return null;
  return error.causingError instanceof Refused ? error.causingError.status : (error.originalResponse?.getStatus() ?? 0);
}

export function troubleOf(error: unknown): Trouble {
  const status = statusOf(error);
  // fetch fails with a TypeError or, after its deadline, with a TimeoutError.
  if (status === null) return error instanceof TypeError || error instanceof Silent || (error instanceof DOMException && error.name === "TimeoutError") ? "network" : "disk";
  const known: Record<number, Trouble> = { 0: "network", 401: "signed-out", 403: "refused", 404: "server", 408: "network", 409: "server", 413: "too-large", 423: "server", 429: "server", 507: "server-full" };
  return known[status] ?? (status >= 500 ? "server" : "refused");
}
