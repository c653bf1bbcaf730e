// The page: to what this phone is bound, which step is shown, and that what must be filmed is.

import { Live, pause } from "../candidate/live";
import { device } from "../candidate/memory";
import type { Facing } from "../capture/devices";
import { initialLang, rememberLang, translate, type Key, type Lang } from "../i18n";
import { ApiError } from "../request";
import { Alarm } from "./alarm";
import { api, type Pan, type State } from "./api";
import { Awake } from "./awake";
import { watchBattery } from "./battery";
import { Frame } from "./frame";
import { hostOf } from "./host";
import { Keeper } from "./keeper";
import { lacking } from "./lacking";
import { networkNow } from "./network";
import { Owed } from "./owed";
import type { PhonePage, StepView } from "./page";
import { isDark, isMoving } from "./picture";
import { Reporter } from "./reporter";
import { Sampler } from "./sampler";
import { Sensor } from "./sensor";
import { statusOf } from "./status";
import { overBecause, stepNow, type Step } from "./stepnow";
import { steps } from "./steps";
import { batteryLow, isFilming, stopsFilming, troubleNow, type Battery, type Trouble } from "./trouble";

/** Seconds between two tries of what the server has not taken yet, and between two looks at a picture that only has to stay as it is. */
const owedEvery = 5;
const lookEvery = 4;

export class App implements PhonePage {
  lang: Lang = initialLang();
  state: State | null = null;
  unbound = false;
  battery: Battery | null = null;
  trouble: Trouble | null = null;
  linked: string | null;
  readonly host = hostOf(navigator.userAgent, navigator.maxTouchPoints);
  readonly lacks = lacking();
  readonly joining: PhonePage["joining"] = { typed: "", refused: null };
  readonly sensor = new Sensor();
  readonly sampler = new Sampler();
  private readonly awakening = new Awake((held, problem) => {
    if (this.step && isFilming(this.step)) this.capture?.note("wake-lock", { held, problem });
    this.changed();
  });
  private readonly alarm = new Alarm();
  private readonly keeper = new Keeper(() => this.changed());
  private readonly owed = new Owed(
    (state) => this.take(state),
    (step, error) => this.announce(this.t("mobile.refused", { step: this.t(`mobile.step.${step}`), code: error.code })),
  );
  private readonly live = new Live<State>({ state: (state) => this.take(state), connection: () => this.changed(), over: () => this.over() }, api);
  private readonly reporter = new Reporter(
    () => this.status(),
    () => this.sampler.still(),
    (error) => this.judge(error),
  );
  private readonly frame: Frame;
  private step: Step | null = null;
  private view: StepView | null = null;
  private drawing = false;
  private loaded = false;
  private failures = 0;
  private seconds = 0;
  /** Times in which nothing was filmed, as many as were told, and when the last one was found. */
  private gaps = 0;
  private thawedAt: number | null = null;
  private attempt: string | null = null;

  constructor(root: HTMLElement) {
    this.linked = new URLSearchParams(location.search).get("code");
    this.frame = new Frame(root, this.sampler.element, { switchLanguage: () => this.switchLanguage(), tap: () => this.tapped() });
    document.addEventListener("visibilitychange", () => this.seen());
    window.addEventListener("online", () => this.wake());
    window.addEventListener("offline", () => this.changed());
    document.addEventListener("pointerdown", () => isFilming(this.step ?? "join") && this.alarm.unlock());
    window.addEventListener("beforeunload", (event) => this.keeper.mayLose && event.preventDefault());
    void watchBattery((battery) => {
      if (battery.charging !== this.battery?.charging || battery.level < batteryLow) this.capture?.note("battery", battery);
      this.battery = battery;
      this.changed();
    });
  }

  readonly t = (key: Key, values?: Record<string, string | number>): string => translate(this.lang, key, values);

  get capture() {
    return this.keeper.capture;
  }
  get captured() {
    return this.keeper.captured;
  }
  get facing(): Facing {
    return this.keeper.facing;
  }
  get owing() {
    return this.owed.owing;
  }
  get connected(): boolean {
    return this.live.connection.ok && navigator.onLine;
  }
  get awake(): boolean {
    return this.awakening.held;
  }

  start(): void {
    setInterval(() => this.second(), 1000);
    this.draw();
    void this.load();
  }

  /** Finds out whether this phone is bound. Without an answer it goes on with what it knew: what is filmed does not wait for the network. */
  private async load(): Promise<void> {
    try {
      this.take(await api.state());
      this.live.heard();
    } catch (error) {
      if (error instanceof ApiError && error.code === "unauthorized") return this.guest();
      const known = device.recall<State>("phone.known");
      if (known && !this.state) this.take(known, false);
      if (!this.loaded) setTimeout(() => void this.load(), pause(this.failures++));
    }
  }

  private guest(): void {
    this.loaded = true;
    device.forget("phone.known");
    this.changed();
  }

  /** current: it has just come from the server. */
  private take(state: State, current = true): void {
    if (this.state && state.serverTime < this.state.serverTime) return; // overtaken on its way
    if (this.keeper.capture && this.state === null && this.attempt !== null && this.attempt !== state.attempt.id) return location.reload(); // another interview
    const fresh = this.state === null || this.state.phone.boundAt !== state.phone.boundAt;
    this.state = state;
    this.attempt = state.attempt.id;
    this.unbound = false;
    this.loaded ||= current;
    if (current) device.remember("phone.known", state);
    if (fresh) {
      this.owed.recall(state);
      this.linked = null;
      history.replaceState(null, "", location.pathname); // a code that is used up is of no use in a bookmark
      void this.keeper.open(state.attempt.id).then(() => this.opened());
    }
    this.live.start();
    // Where it ends with the attempt nobody presses anything: the phone says that it did.
    if (overBecause(state, this.owing) === "attempt" && !state.phone.endedAt && !this.owing.end) void this.owed.owe({ end: "attempt" });
    else void this.owed.tell();
    this.changed();
  }

  private opened(): void {
    if (isFilming(this.stepNow(true))) void this.keeper.reopen();
  }

  /** The session is gone. What is being filmed goes on being filmed, and is sent once the phone is bound again. */
  private over(): void {
    this.live.stop();
    this.unbound = this.state !== null && (this.keeper.captured?.unsigned ?? 0) > 0;
    this.state = null;
    this.guest();
  }

  private judge(error: unknown): void {
    if (error instanceof ApiError && error.code === "unauthorized") this.over();
  }

  async bind(code: string): Promise<void> {
    this.linked = null;
    const again = this.keeper.capture !== null;
    this.take(await api.bind(code));
    this.live.heard();
    if (again) this.capture?.wake();
  }

  async allow(facing?: Facing): Promise<void> {
    // Each asks in this very tap: one that waited for another would come too late for it.
    this.alarm.unlock();
    this.awakening.keep(true);
    const sensor = this.sensor.allow();
    const camera = this.keeper.allow(facing);
    await Promise.all([sensor, camera]);
    this.changed();
  }

  async panned(pan: Pan): Promise<void> {
    await this.owed.owe({ pan });
    this.changed();
  }

  async placed({ anyway }: { anyway: boolean }): Promise<void> {
    this.capture?.note("picture", { ...this.sampler.picture, anyway, facing: this.facing });
    await this.owed.owe({ place: true });
    this.changed();
  }

  async end(): Promise<void> {
    await this.owed.owe({ end: "hand" });
    this.changed();
  }

  async forget(): Promise<void> {
    await api.forget().catch(() => undefined);
    device.forget("phone.known");
    location.reload();
  }

  announce(text: string): void {
    this.frame.announce(text);
  }

  /** Draws once, however much changes in one task. */
  changed(): void {
    if (this.drawing) return;
    this.drawing = true;
    queueMicrotask(() => {
      this.drawing = false;
      this.draw();
    });
  }

  private stepNow(allowed: boolean): Step {
    const { captured } = this;
    return stepNow(this.state, this.owing, allowed, captured?.mayClose === true);
  }

  private draw(): void {
    const step = this.stepNow(this.keeper.allowed);
    if (step !== this.step) this.mount(step);
    this.keeper.keep(step);
    this.awakening.keep(isFilming(step) || step === "send" || this.captured?.recordings.phone.wanted === true);
    this.sampler.show(isFilming(step) ? (this.capture?.preview.camera ?? null) : null);
    this.countGaps();
    this.trouble = troubleNow({
      step, captured: this.captured, hidden: document.visibilityState !== "visible", unlocked: !this.awakening.held, tap: this.keeper.tap,
      thawed: this.thawedAt === null ? null : performance.now() - this.thawedAt, battery: this.battery, dark: isDark(this.sampler.picture), moving: isMoving(this.sampler.picture),
    });
    this.alarm.ring(stopsFilming(this.trouble));
    this.view?.update?.();
    this.frame.update(this, step, this.loaded);
    this.reporter.look();
    document.documentElement.lang = this.lang;
  }

  /** A gap that has just closed is told for a while; that of changing the camera, its owner made. */
  private countGaps(): void {
    const closed = this.captured?.lost.filter((lost) => lost.to !== null && lost.cause !== "device-changed").length ?? 0;
    if (closed > this.gaps) this.thawedAt = performance.now();
    this.gaps = closed;
  }

  private mount(step: Step): void {
    const first = this.step === null;
    this.view?.leave?.();
    this.step = step;
    this.view = steps[step](this);
    document.body.dataset.step = step;
    this.view.element.dataset.step = step;
    this.frame.main.replaceChildren(this.view.element);
    this.view.update?.();
    const heading = this.view.element.querySelector("h1");
    document.title = [heading?.textContent, this.t("app.name")].filter(Boolean).join(" · ");
    if (!heading || first) return;
    heading.tabIndex = -1;
    heading.focus();
    scrollTo(0, 0);
  }

  private switchLanguage(): void {
    this.lang = this.lang === "zh-CN" ? "en" : "zh-CN";
    rememberLang(this.lang);
    if (this.step) this.mount(this.step);
    this.draw();
  }

  private status() {
    const { capture, captured, state, step } = this;
    if (!capture || !captured || !state || !step || state.phone.replacedAt) return null;
    return statusOf({
      run: capture.run, step, attempt: state.attempt.id, captured, trouble: this.trouble, hidden: document.visibilityState !== "visible", battery: this.battery,
      network: networkNow(), facing: this.facing, size: this.sampler.size, picture: this.sampler.picture,
    });
  }

  /** Somebody tapped because the page asked for it. */
  private async tapped(): Promise<void> {
    await this.allow().catch(() => this.announce(this.t("mobile.stillNot")));
    this.changed();
  }

  private seen(): void {
    if (document.visibilityState === "visible") this.wake();
    this.changed();
  }

  private wake(): void {
    this.live.kick();
    this.capture?.wake();
    void this.owed.tell();
    this.changed();
  }

  private second(): void {
    this.seconds++;
    if (this.step !== "place" && this.seconds % lookEvery < 2) this.sampler.look(); // two in a row: it takes both to see a movement
    if (this.seconds % owedEvery === 0 && this.state) void this.owed.tell();
    this.keeper.tick();
    this.view?.second?.();
    this.changed();
  }

}
