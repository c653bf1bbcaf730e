// Asking the server of a page, and what can go wrong with it.

/** A request that did not do what it should. code is the server's, or "network" where no answer came, or "server" for a broken one. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    readonly status = 0,
    readonly problem: { detail?: string; from?: number; step?: string } = {},
    /** Seconds until it makes sense to try again. */
    readonly retryAfter: number | null = null,
  ) {
    super(`${code} (${status})`);
  }
}

/** How long an answer may take, in milliseconds. */
const patience = 20_000;

/** Asks once; root is where the API begins. Throws ApiError for every answer that is not the wanted one. */
export async function ask(root: string, path: string, init: RequestInit = {}, timeout = patience): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(root + path, { cache: "no-store", credentials: "same-origin", ...init, signal: init.signal ?? AbortSignal.timeout(timeout) });
  } catch (error) {
    throw new ApiError("network", 0, { detail: String(error) });
  }
  if (response.ok) return response;
  const said = (await response.json().catch(() => ({}))) as { code?: string; detail?: string; from?: number; step?: string };
  const after = Number(response.headers.get("Retry-After"));
  // A proxy in between answers too, and not in our words.
  const code = said.code ?? (response.status === 401 ? "unauthorized" : response.status >= 500 ? "server" : "refused");
  throw new ApiError(code, response.status, said, Number.isFinite(after) && after > 0 ? after : null);
}

/** The body of an answer; a line that breaks in the middle of it is no answer either. */
export async function read<T>(response: Response, how: (response: Response) => Promise<T>): Promise<T> {
  try {
    return await how(response);
  } catch (error) {
    throw new ApiError("network", response.status, { detail: String(error) });
  }
}

export const sending = (method: string, value: unknown): RequestInit => ({ method, body: JSON.stringify(value), headers: { "Content-Type": "application/json" } });
