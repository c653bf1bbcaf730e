// Something of the server's as it changes, by server-sent events.

import { onUnmounted, ref, shallowRef, type Ref, type ShallowRef } from "vue";
import { ApiError, get, type Attempt } from "./api";

export interface Live<T> {
  value: ShallowRef<T | null>;
  /** When the value was received, where the connection has been lost since; null while it stands. */
  lostSince: Ref<Date | null>;
  error: Ref<unknown>;
}

/** Without a sign of life for this long, in milliseconds, the connection counts as lost: the server gives one every 15 s. */
const silence = 40_000;

/**
 * Follows what a path's stream says.
 *
 * @param stream the path of the server-sent events
 * @param event the name of the event that carries the value
 * @param plain a path that answers with an error where the stream does: an EventSource does not tell which one
 * @param others what else the stream says, by the name of the event
 */
export function useStream<T>(stream: string, event: string, plain: string, others: Record<string, (said: unknown) => void> = {}): Live<T> {
  const value = shallowRef<T | null>(null);
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
    source = new EventSource(stream);
    source.onopen = () => (heard = Date.now());
    source.addEventListener(event, (message) => {
      value.value = JSON.parse((message as MessageEvent<string>).data) as T;
      last = new Date();
      heard = Date.now();
      lostSince.value = null;
      error.value = null;
    });
    for (const [name, hear] of Object.entries(others)) {
      source.addEventListener(name, (message) => {
        heard = Date.now();
        hear(JSON.parse((message as MessageEvent<string>).data));
      });
    }
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
      await get(plain);
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
  return { value, lostSince, error };
}

/** An attempt's state as it changes. */
export function useLive(id: string): { attempt: ShallowRef<Attempt | null>; lostSince: Ref<Date | null>; error: Ref<unknown> } {
  const plain = `/api/attempts/${encodeURIComponent(id)}`;
  const { value, lostSince, error } = useStream<Attempt>(`${plain}/events`, "attempt", plain);
  return { attempt: value, lostSince, error };
}
