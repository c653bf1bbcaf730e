// Buttons and keys of the player.

import type { Key } from "../i18n";
import type { Player } from "./player";
import { formatTime, type Kind } from "./timeline";

type Translate = (key: Key, values?: Record<string, string | number>) => string;

const speeds = [0.5, 0.75, 1, 1.25, 1.5, 2, 3];

// Paths of 24 × 24 icons.
const icons = {
  play: "M7 4.5v15l13-7.5z",
  pause: "M6 4.5h4.5v15H6zM13.500 4.500H18v15h-4.500z",
  back: "M11 6v12l-8-6zM21 6v12l-8-6z",
  forward: "M13 6v12l8-6zM3 6v12l8-6z",
  frameBack: "M16 5v14L8 12zM5 5h2v14H5z",
  frameForward: "M8 5v14l8-7zM17 5h2v14h-2z",
  full: "M4 4h6v2H6v4H4zM14 4h6v6h-2V6h-4zM4 14h2v4h4v2H4zM18 14h2v6h-6v-2h4z",
  help: "M12 2a10 10 0 100 20 10 10 0 000-20zm1 16h-2v-2h2zm1.600-6.800c-.9.7-1.400 1.100-1.400 2.300h-2.200c0-2 1-2.900 1.900-3.600.7-.5 1.100-.9 1.100-1.600 0-.8-.7-1.500-1.800-1.500S10.300 7.500 10.200 8.500H8c.1-2.300 1.900-3.800 4.200-3.800 2.400 0 4.100 1.400 4.100 3.500 0 1.600-.9 2.400-1.700 3z",
};

export class Controls {
  readonly element = document.createElement("div");
  private readonly playButton: HTMLButtonElement;
  private readonly clock = document.createElement("output");
  private readonly speed = document.createElement("select");
  private readonly sound = document.createElement("select");
  private readonly layout = document.createElement("select");
  private readonly errors: HTMLButtonElement;
  private readonly help = document.createElement("dialog");
  private shown = "";

  constructor(
    private readonly player: Player,
    private readonly t: Translate,
  ) {
    this.element.className = "tv-controls";
    const button = (icon: keyof typeof icons, key: Key, act: () => void, testid?: string) => {
      const b = document.createElement("button");
      b.type = "button";
      b.className = "tv-button";
      b.title = t(key);
      b.setAttribute("aria-label", t(key));
      b.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${icons[icon]}"/></svg>`;
      b.addEventListener("click", act);
      if (testid) b.dataset.testid = testid;
      return b;
    };
    this.playButton = button("play", "player.play", () => player.toggle(), "play");
    this.playButton.classList.add("tv-main");
    this.clock.className = "tv-clock";
    this.clock.dataset.testid = "clock";
    this.errors = document.createElement("button");
    this.errors.type = "button";
    this.errors.className = "tv-text";
    this.errors.textContent = t("player.errors");
    this.errors.dataset.testid = "errors";
    this.errors.addEventListener("click", () => player.showErrors(!player.showsErrors));
    this.fillSelects();
    this.makeHelp();
    const spacer = document.createElement("span");
    spacer.className = "tv-spacer";
    this.element.append(
      this.playButton,
      button("back", "player.back", () => player.seek(player.clock.now() - 5)),
      button("forward", "player.forward", () => player.seek(player.clock.now() + 5)),
      button("frameBack", "player.frameBack", () => player.step(-1)),
      button("frameForward", "player.frameForward", () => player.step(1)),
      this.clock,
      spacer,
      this.labelled("player.sound", this.sound),
      this.volume(),
      this.labelled("player.speed", this.speed),
      this.labelled("player.layout", this.layout),
      this.errors,
      button("help", "player.help", () => this.help.showModal()),
      button("full", "player.fullscreen", () => player.fullscreen()),
      this.help,
    );
  }

  private labelled(key: Key, control: HTMLElement): HTMLElement {
    const label = document.createElement("label");
    label.className = "tv-field";
    const text = document.createElement("span");
    text.textContent = this.t(key);
    label.append(text, control);
    return label;
  }

  private volume(): HTMLElement {
    const slider = document.createElement("input");
    slider.type = "range";
    slider.min = "0";
    slider.max = "1";
    slider.step = "0.05";
    slider.value = "1";
    slider.setAttribute("aria-label", this.t("player.volume"));
    slider.title = this.t("player.volume");
    slider.className = "tv-volume";
    slider.addEventListener("input", () => this.player.setVolume(Number(slider.value)));
    return slider;
  }

  private fillSelects(): void {
    const { recordings } = this.player.data.timeline;
    this.speed.append(...speeds.map((s) => new Option(`${s}×`, String(s))));
    this.speed.addEventListener("change", () => this.player.setSpeed(Number(this.speed.value)));
    this.sound.append(
      ...recordings.map((r) => {
        const silent = !r.takes.some((take) => take.audio);
        const name = this.t(`kind.${r.kind}`);
        const option = new Option(silent ? `${name} (${this.t("player.noSound")})` : name, r.kind);
        option.disabled = silent;
        return option;
      }),
    );
    this.sound.addEventListener("change", () => this.player.hear(this.sound.value as Kind));
    this.layout.append(
      new Option(this.t("player.layoutEqual"), ""),
      ...recordings.map((r) => new Option(this.t("player.layoutLarge", { kind: this.t(`kind.${r.kind}`) }), r.kind)),
    );
    this.layout.addEventListener("change", () => this.player.enlarge((this.layout.value || undefined) as Kind | undefined));
  }

  private makeHelp(): void {
    this.help.className = "tv-help";
    const title = document.createElement("h2");
    title.textContent = this.t("player.help");
    const list = document.createElement("ul");
    for (const line of this.t("player.keys").split(" · ")) {
      const item = document.createElement("li");
      item.textContent = line;
      list.append(item);
    }
    const close = document.createElement("button");
    close.type = "button";
    close.className = "tv-text";
    close.textContent = this.t("player.helpClose");
    close.addEventListener("click", () => this.help.close());
    this.help.append(title, list, close);
  }

  key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || this.help.open) return;
    const target = event.target as HTMLElement;
    if (target instanceof HTMLSelectElement || target instanceof HTMLInputElement) return;
    if (event.key === " " && target instanceof HTMLButtonElement) return;
    const { player } = this;
    const { recordings } = player.data.timeline;
    const far = event.shiftKey ? 30 : 5;
    const speed = (by: number) => player.setSpeed(speeds[Math.min(speeds.length - 1, Math.max(0, speeds.indexOf(player.clock.speed) + by))] ?? 1);
    const keys: Record<string, () => void> = {
      " ": () => player.toggle(),
      k: () => player.toggle(),
      ArrowLeft: () => player.seek(player.clock.now() - far),
      ArrowRight: () => player.seek(player.clock.now() + far),
      ArrowUp: () => speed(1),
      ArrowDown: () => speed(-1),
      ",": () => player.step(-1),
      ".": () => player.step(1),
      "1": () => player.hear(recordings[0]?.kind),
      "2": () => player.hear(recordings[1]?.kind ?? player.sound),
      "3": () => player.hear(recordings[2]?.kind ?? player.sound),
      l: () => this.nextLayout(),
      e: () => player.showErrors(!player.showsErrors),
      f: () => player.fullscreen(),
      Home: () => player.seek(player.data.timeline.start ?? 0),
      "?": () => this.help.showModal(),
    };
    const act = keys[event.key] ?? keys[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  }

  private nextLayout(): void {
    const order = [undefined, ...this.player.data.timeline.recordings.map((r) => r.kind)];
    this.player.enlarge(order[(order.indexOf(this.player.large) + 1) % order.length]);
  }

  update(): void {
    const { player } = this;
    const key: Key = player.playing ? "player.pause" : "player.play";
    this.playButton.title = this.t(key);
    this.playButton.setAttribute("aria-label", this.t(key));
    this.playButton.querySelector("path")?.setAttribute("d", player.playing ? icons.pause : icons.play);
    this.speed.value = String(player.clock.speed);
    this.sound.value = player.sound ?? "";
    this.layout.value = player.large ?? "";
    this.errors.setAttribute("aria-pressed", String(player.showsErrors));
  }

  time(now: number): void {
    const text = `${formatTime(now)} / ${formatTime(this.player.data.timeline.duration, false)}`;
    if (text === this.shown) return;
    this.shown = text;
    this.clock.textContent = text;
  }
}
