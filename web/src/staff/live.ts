// An attempt's state as it changes, by server-sent events.

import { onUnmounted, ref, type Ref } from "vue";
import { ApiError, get, type Attempt } from "./api";

export interface Live {
  attempt: Ref<Attempt | null>;
  /** When the state was received, where the connection has been lost since; null while it stands. */
  lostSince: Ref<Date | null>;
  error: Ref<unknown>;
}

/** Without a sign of life for this long, in milliseconds, the connection counts as lost: the server gives one every 15 s. */
const silence = 40_000;

export function useLive(id: string): Live {
  const attempt = ref<Attempt | null>(null);
  const lostSince = ref<Date | null>(null);
  const error = ref<unknown>(null);
  let source: EventSource | undefined;
  let retry = 0;
  let last = new Date();
  let heard = Date.now();
  let stopped = false;

  const lost = () => (lostSince.value ??= last);

  function open() {
    source?.close();
    source = new EventSource(`/api/attempts/${encodeURIComponent(id)}/events`);
    source.onopen = () => (heard = Date.now());
    source.addEventListener("attempt", (event) => {
      attempt.value = JSON.parse((event as MessageEvent<string>).data) as Attempt;
      last = new Date();
      heard = Date.now();
      lostSince.value = null;
      error.value = null;
    });
    source.addEventListener("beat", () => (heard = Date.now()));
    source.onerror = () => {
      lost();
      if (source?.readyState === EventSource.CLOSED) void reopen();
    };
  }

  /** The browser gives up when the server answers with an error: ask plainly what is wrong, and go on trying. */
  async function reopen() {
    if (stopped) return;
    try {
      await get(`/api/attempts/${encodeURIComponent(id)}`);
    } catch (e) {
      if (e instanceof ApiError && e.code !== "network") error.value = e;
    }
    retry = window.setTimeout(() => !stopped && open(), 2000);
  }

  const watchdog = window.setInterval(() => {
    if (Date.now() - heard < silence) return;
    lost();
    heard = Date.now();
    open();
  }, 5000);
  open();
  onUnmounted(() => {
    stopped = true;
    source?.close();
    clearTimeout(retry);
    clearInterval(watchdog);
  });
  return { attempt, lostSince, error };
}
