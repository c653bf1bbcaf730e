// What the browser can say about the candidate's surroundings: told as it is, judged by people.

import { looksVirtual } from "./devices";

/** Each kind of event with what it says. docs/interview.md has the same list. */
export interface Signals {
  visibility: { visible: boolean };
  focus: { focused: boolean };
  fullscreen: { on: boolean };
  /** extended: whether there is more than one screen; null where the browser does not say. screens: after permission only. */
  screens: { extended: boolean | null; screens: { width: number; height: number; primary: boolean; internal: boolean; label: string }[] | null };
  clipboard: { action: "copy" | "cut" | "paste"; length: number };
  print: Record<never, never>;
  devices: { cameras: string[]; microphones: string[]; speakers: string[]; virtual: string[] };
  /** A hint: what looks like developer tools by size or key; zoom and side bars look the same. */
  devtools: { how: "size" | "key" };
  network: { online: boolean; type: string | null; downlink: number | null; rtt: number | null };
}

export type Emit = <K extends keyof Signals>(kind: K, data: Signals[K]) => void;

interface ScreenDetailsLike extends EventTarget {
  screens: readonly { width: number; height: number; isPrimary: boolean; isInternal: boolean; label: string }[];
}
type ScreenLike = Screen & EventTarget & { isExtended?: boolean };
type ConnectionLike = EventTarget & { type?: string; effectiveType?: string; downlink?: number; rtt?: number };

/** More than this many pixels of a window beside or below its page are more than a browser's own bars. */
const barsAtMost = { beside: 250, below: 350 };

export class SignalWatch {
  private readonly off = new AbortController();
  private details: ScreenDetailsLike | null = null;
  private docked = false;
  private lastDevices = "";

  constructor(private readonly emit: Emit) {}

  start(): void {
    const { signal } = this.off;
    const on = (target: EventTarget | undefined | null, type: string, handler: (event: Event) => void) => target?.addEventListener(type, handler, { signal, capture: true });
    on(document, "visibilitychange", () => this.emit("visibility", { visible: document.visibilityState === "visible" }));
    on(window, "focus", (event) => event.target === window && this.emit("focus", { focused: true }));
    on(window, "blur", (event) => event.target === window && this.emit("focus", { focused: false }));
    on(document, "fullscreenchange", () => this.emit("fullscreen", { on: document.fullscreenElement !== null }));
    for (const action of ["copy", "cut", "paste"] as const) on(document, action, (event) => this.clipboard(action, event as ClipboardEvent));
    on(window, "beforeprint", () => this.emit("print", {}));
    on(window, "resize", () => this.size());
    on(window, "keydown", (event) => this.key(event as KeyboardEvent));
    on(window.screen as ScreenLike, "change", () => this.screens());
    on(navigator.mediaDevices, "devicechange", () => void this.devices());
    const connection = (navigator as { connection?: ConnectionLike }).connection;
    for (const [target, type] of [[window, "online"], [window, "offline"], [connection, "change"]] as const) on(target, type, () => this.network(connection));
    this.screens();
    this.size();
    this.network(connection);
    void this.devices();
  }

  stop(): void {
    this.off.abort();
  }

  /** Where the person allows it, every screen with its size: isExtended alone says only that there is another. To be called on a click. */
  async watchScreens(): Promise<boolean> {
    const open = (window as { getScreenDetails?: () => Promise<ScreenDetailsLike> }).getScreenDetails;
    if (!open) return false;
    try {
      this.details = await open.call(window);
    } catch {
      return false;
    }
    this.details.addEventListener("screenschange", () => this.screens(), { signal: this.off.signal });
    this.screens();
    return true;
  }

  private screens(): void {
    this.emit("screens", {
      extended: (window.screen as ScreenLike).isExtended ?? null,
      screens: this.details?.screens.map((s) => ({ width: s.width, height: s.height, primary: s.isPrimary, internal: s.isInternal, label: s.label })) ?? null,
    });
  }

  private clipboard(action: "copy" | "cut" | "paste", event: ClipboardEvent): void {
    // How much, never what: it may be anybody's password.
    const text = action === "paste" ? (event.clipboardData?.getData("text/plain") ?? "") : String(document.getSelection() ?? "");
    this.emit("clipboard", { action, length: text.length });
  }

  private size(): void {
    // Both are in the same unit at every zoom only when multiplied by it; a screen's pixel ratio cancels out well enough for a hint.
    const docked = outerWidth > 0 && (outerWidth - innerWidth * (devicePixelRatio > 1 ? 1 : devicePixelRatio) > barsAtMost.beside || outerHeight - innerHeight > barsAtMost.below);
    if (docked && !this.docked) this.emit("devtools", { how: "size" });
    this.docked = docked;
  }

  private key(event: KeyboardEvent): void {
    const chord = (event.ctrlKey && event.shiftKey) || (event.metaKey && event.altKey);
    if (event.key === "F12" || (chord && ["KeyI", "KeyJ", "KeyC"].includes(event.code))) this.emit("devtools", { how: "key" });
  }

  private network(connection?: ConnectionLike): void {
    this.emit("network", { online: navigator.onLine, type: connection?.type ?? connection?.effectiveType ?? null, downlink: connection?.downlink ?? null, rtt: connection?.rtt ?? null });
  }

  /** Which devices there are; labels are empty before the first permission. */
  async devices(): Promise<void> {
    const all = await navigator.mediaDevices.enumerateDevices().catch(() => []);
    const labels = (kind: MediaDeviceKind) => all.filter((device) => device.kind === kind).map((device) => device.label);
    const cameras = labels("videoinput");
    const said = { cameras, microphones: labels("audioinput"), speakers: labels("audiooutput"), virtual: cameras.filter(looksVirtual) };
    if (this.off.signal.aborted || JSON.stringify(said) === this.lastDevices) return;
    this.lastDevices = JSON.stringify(said);
    this.emit("devices", said);
  }
}
