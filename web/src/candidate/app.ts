// The page: who is signed in, which step is shown, and that what must be recorded is.

import type { Capture, CaptureState } from "../capture/capture";
import { initialLang, rememberLang, translate, type Key, type Lang } from "../i18n";
import type { SideView } from "../sideview";
import { api, ApiError, type ExamInfo, type Questions, type State, type StepName } from "./api";
import { recentResults, rememberResults, type DeviceResults } from "./checks/results";
import { Frame } from "./frame";
import { Help } from "./help";
import { Live, pause, type Connection } from "./live";
import { Keeper, recordedScreens } from "./keeper";
import { device, tab } from "./memory";
import { OtherTab } from "./othertab";
import type { Page, ScreenName, Step } from "./page";
import { PageClock } from "./pageclock";
import { PhoneDialog } from "./phonedialog";
import { drop, keep, kept, newer } from "./questions";
import { screens } from "./screens";
import { SharePrompt } from "./sharing";
import { SignInAgain } from "./signin";
import { stepNow } from "./stepnow";
import { StillOutbox } from "./stilloutbox";
import { wrongs, type Wrong } from "./wrongs";

/** Seconds between two tries of what the server has not taken yet. */
const owedEvery = 5;

export class App implements Page {
  lang: Lang = initialLang();
  exam: ExamInfo | null = null;
  state: State | null = null;
  questions: Questions | null = null;
  signedOut = false;
  readonly drafts = new Map<string, string>();
  readonly clock = new PageClock();
  readonly stills = new StillOutbox(() => this.changed());
  private readonly frame: Frame;
  private readonly live: Live;
  private readonly keeper = new Keeper(() => this.changed());
  private readonly help = new Help(this);
  private readonly sharing = new SharePrompt(this);
  private readonly phone = new PhoneDialog(this);
  private readonly otherTab = new OtherTab(this);
  private readonly signInAgain = new SignInAgain(this);
  private readonly wantedExam: string | null;
  private readonly recovering: boolean;
  private screen: ScreenName | null = null;
  private step: Step | null = null;
  private missing = false;
  private failures = 0;
  private drawing = false;
  private seconds = 0;
  private toldEntry = false;
  private asking = false;

  constructor(root: HTMLElement) {
    const address = new URLSearchParams(location.search);
    this.recovering = address.has("recover");
    this.wantedExam = address.get("exam") || (this.recovering ? device.recall<string>("exam") : null);
    this.frame = new Frame(root, { switchLanguage: () => this.switchLanguage(), openPhone: () => this.openPhone(), act: (action) => this.act(action) });
    this.live = new Live(
      {
        state: (state) => this.take(state),
        questions: (questions) => this.takeQuestions(questions),
        phone: (bound) => this.takePhone(bound),
        connection: (connection) => this.connectionChanged(connection),
        over: () => this.over(),
      },
      api,
    );
    window.addEventListener("online", () => this.awake());
    window.addEventListener("offline", () => this.changed());
    window.addEventListener("beforeunload", (event) => this.keeper.mayLose && event.preventDefault());
  }

  readonly t = (key: Key, values?: Record<string, string | number>): string => translate(this.lang, key, values);

  get capture(): Capture | null {
    return this.keeper.capture;
  }

  get captured(): CaptureState | null {
    return this.keeper.captured;
  }

  get connection(): Connection {
    return this.live.connection;
  }

  get support(): string {
    return this.state?.exam.support ?? this.exam?.support ?? "";
  }

  start(): void {
    this.clock.start();
    this.clock.everySecond(() => this.second());
    this.draw();
    void this.load();
  }

  /** Finds out who is signed in; without an answer it goes on with what this tab knew, and says how old that is. */
  private async load(): Promise<void> {
    try {
      this.take(await api.state());
    } catch (error) {
      if (error instanceof ApiError && error.code === "unauthorized") return this.guest();
      const known = tab.recall<{ at: number; state: State }>("known");
      if (known && (!this.wantedExam || known.state.exam.id === this.wantedExam)) {
        this.live.lastHeard(Date.now() - known.at);
        this.clock.hint(known.state.serverTime, Date.now() - known.at);
        return this.take(known.state, false);
      }
      setTimeout(() => void this.load(), pause(this.failures++));
    }
  }

  /** Nobody is signed in: what may be known of the exam all the same. */
  private async guest(): Promise<void> {
    if (!this.wantedExam) {
      this.missing = true;
      return this.changed();
    }
    try {
      this.exam = await api.exam(this.wantedExam);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) this.missing = true;
      else setTimeout(() => void this.guest(), pause(this.failures++));
    }
    this.changed();
  }

  /** current: it has just come from the server. */
  private take(state: State, current = true): void {
    if (this.state && state.serverTime < this.state.serverTime) return; // overtaken on its way
    if (this.state && this.state.attempt.id !== state.attempt.id) return location.reload();
    const fresh = this.state === null;
    this.state = state;
    if (current) this.signedOut = false;
    this.clock.hint(state.serverTime);
    if (current) tab.remember("known", { at: Date.now(), state });
    device.remember("exam", state.exam.id);
    const { attempt } = state;
    if (attempt.ended || !["confirm", "waiting", "answering"].includes(attempt.step)) device.forget(`ended.${attempt.id}`);
    if (fresh) this.questions = kept(attempt.id);
    this.followQuestions(state);
    this.live.start();
    if (attempt.login.state === "approved") void this.keeper.open(attempt.id);
    void this.stills.open(attempt.id);
    if (fresh) void this.owed();
    this.changed();
  }

  /** Where a state says that there are others, or that their times have moved, they are asked for. */
  private followQuestions({ attempt, questions, times }: State): void {
    const known = this.questions;
    if (attempt.step === "answering" && known && (questions.released > known.questions.length || (times && known.ends !== times.end))) void this.getQuestions();
    // Nobody who uses the computer afterwards is to find them.
    if (attempt.step === "upload" || attempt.step === "finished") drop(attempt.id);
  }

  private takeQuestions(questions: Questions): void {
    const before = this.questions?.questions.length ?? 0;
    this.questions = newer(this.questions, questions);
    if (this.state) keep(this.state.attempt.id, this.questions);
    if (this.questions.questions.length > before && before > 0) this.announce(this.t("answer.newQuestion", { n: this.questions.questions.length }));
    this.changed();
  }

  private takePhone(bound: SideView): void {
    if (!this.state?.phone) return;
    this.state = { ...this.state, phone: { ...this.state.phone, bound } };
    this.changed();
  }

  private connectionChanged(connection: Connection): void {
    if (connection.ok) this.awake();
    this.changed();
  }

  private awake(): void {
    this.live.kick();
    this.capture?.wake();
    void this.owed();
    this.changed();
  }

  /** The session is gone. Where something was recorded, the page stays and asks to sign in again; else it begins at the login. */
  private over(): void {
    this.live.stop();
    if (this.capture && this.screen && [...recordedScreens, "upload", "finished", "recover"].includes(this.screen)) {
      this.signedOut = true;
      if (this.screen === "upload" || this.screen === "recover") this.signInAgain.open();
    } else {
      tab.forget("known");
      this.keeper.close();
      this.state = null;
      void this.guest();
    }
    this.changed();
  }

  async do(step: StepName | "restart", body: unknown): Promise<void> {
    try {
      this.take(await api.step(step, body));
      this.live.heard();
    } catch (error) {
      if (error instanceof ApiError && error.code === "unauthorized") this.over();
      throw error;
    }
  }

  async askForPhone(): Promise<void> {
    this.take(await api.askForPhone());
  }

  openPhone(): void {
    this.phone.open();
  }

  async signIn(ticket: string, idTail: string): Promise<void> {
    const exam = this.state?.exam.id ?? this.exam?.id ?? this.wantedExam!;
    this.take(await api.login(exam, ticket, idTail));
    this.capture?.wake();
  }

  async signOut(): Promise<void> {
    try {
      await api.signOut();
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "unauthorized") return this.announce(this.t("wrong.lostTodo"));
    }
    tab.forget("known");
    location.reload();
  }

  async refresh(): Promise<void> {
    try {
      this.take(await api.state());
      this.live.heard();
      this.live.kick();
    } catch (error) {
      if (error instanceof ApiError && error.code === "unauthorized") this.over();
      throw error;
    }
  }

  async getQuestions(): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    try {
      this.takeQuestions(await api.questions());
    } catch (error) {
      if (error instanceof ApiError && error.code === "unauthorized") this.over();
    } finally {
      this.asking = false;
    }
  }

  async devicesDone(results: DeviceResults): Promise<void> {
    rememberResults(this.wantedExam ?? this.state?.exam.id ?? "", results);
    if (this.state) await this.do("devices", { results });
    this.changed();
  }

  devicesAgain(): void {
    rememberResults(this.wantedExam ?? "", null);
    this.changed();
  }

  entered(): void {
    this.toldEntry = true;
    this.changed();
  }

  async end(): Promise<void> {
    device.remember(`ended.${this.state!.attempt.id}`, true);
    this.changed();
    await this.owed();
  }

  announce(text: string): void {
    this.frame.announce(text);
  }

  openHelp(): void {
    this.help.open();
  }

  get unread(): number {
    return this.help.unread;
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

  private get endedHere(): boolean {
    return this.state !== null && device.recall<boolean>(`ended.${this.state.attempt.id}`) === true;
  }

  private screenNow(): ScreenName {
    const { state } = this;
    if (this.missing) return "no-exam";
    const results = recentResults(this.wantedExam ?? state?.exam.id ?? "");
    if (!state) return this.exam === null ? "connecting" : results || this.recovering || this.exam.skip.includes("devices") ? "login" : "devices";
    if (this.wantedExam && state.exam.id !== this.wantedExam) return "other-exam";
    const step = stepNow(state, this.clock.now(), this.endedHere);
    if (this.recovering && state.attempt.login.state === "approved" && !recordedScreens.includes(step)) return "recover";
    if (step === "devices" && (results || this.recovering)) return "login"; // they are on their way to the server
    return step;
  }

  private draw(): void {
    const screen = this.screenNow();
    if (screen !== this.screen) this.mount(screen);
    this.keeper.keep(screen, () => void this.owed(), () => this.recordingEnded());
    this.step?.update?.();
    const step = ["connecting", "no-exam", "other-exam", "recover"].includes(screen) ? null : (screen as StepName);
    this.frame.update(this, step, this.wrongsNow());
    this.sharing.update(this.keeper.shareMissing(screen), this.keeper.hasShared);
    this.help.update();
    this.phone.update();
    document.documentElement.lang = this.lang;
    this.otherTab.update(this.captured?.tab === "elsewhere");
  }

  private mount(screen: ScreenName): void {
    const first = this.screen === null || this.screen === "connecting";
    this.step?.leave?.();
    this.screen = screen;
    const step = screens[screen](this);
    this.step = step;
    document.body.dataset.step = screen;
    step.element.dataset.step = screen;
    this.frame.main.replaceChildren(step.element);
    step.update?.();
    step.second?.();
    this.askWhenDue();
    const heading = step.element.querySelector("h1");
    document.title = [heading?.textContent, this.state?.exam.title ?? this.exam?.title, this.t("app.name")].filter(Boolean).join(" · ");
    if (!heading) return;
    heading.tabIndex = -1;
    // A page that has just been opened begins at its top, as readers expect.
    if (!first && !document.querySelector("dialog[open]")) heading.focus();
    if (!first) scrollTo(0, 0);
  }

  private switchLanguage(): void {
    this.lang = this.lang === "zh-CN" ? "en" : "zh-CN";
    rememberLang(this.lang);
    if (this.screen) {
      const { screen } = this;
      this.screen = null;
      this.mount(screen);
    }
    this.draw();
  }

  private wrongsNow(): Wrong[] {
    const { captured } = this;
    return wrongs({
      screen: this.screen ?? "connecting", known: this.state !== null, connected: this.connection.ok, silentFor: Math.floor((performance.now() - this.connection.heard) / 1000), online: navigator.onLine,
      signedOut: this.signedOut, recording: this.keeper.recording, captured, phone: this.state?.phone?.bound ?? null, now: this.clock.now(),
    });
  }

  private async act(action: NonNullable<Wrong["action"]>): Promise<void> {
    if (action === "help") return this.openHelp();
    if (action === "phone") return this.openPhone();
    if (action === "sign-in") return this.signInAgain.open();
    await this.keeper.openCamera();
  }

  /** Tells the server what it does not know yet: that the devices were tried, that this page came back, that the candidate has ended. */
  private async owed(): Promise<void> {
    const { state } = this;
    if (!state || this.signedOut) return;
    const results = recentResults(state.exam.id);
    void this.stills.flush();
    if (state.attempt.steps.includes("devices") && !state.attempt.done.devices && results) await this.do("devices", { results }).catch(() => undefined);
    if (this.keeper.recording && !this.toldEntry && this.capture) {
      this.toldEntry = true;
      await this.do("entry", { run: this.capture.run }).catch((error: unknown) => (this.toldEntry = (error as ApiError).status === 409));
    }
    if (!this.endedHere) return;
    await this.do("answering", {}).catch((error: unknown) => {
      // A rule's refusal stands: the candidate goes on answering. Without an answer it is said again.
      if ((error as ApiError).status === 409) device.forget(`ended.${state.attempt.id}`);
      this.changed();
    });
  }

  private recordingEnded(): void {
    this.toldEntry = false;
    if (document.fullscreenElement) void document.exitFullscreen();
  }

  /** Questions are pushed to everybody in the same second; whom that does not reach asks a moment later, not all at once. */
  private askWhenDue(): void {
    const now = this.clock.now();
    if (this.screen !== "answering" || now === null) return;
    const due = this.questions?.questions.length ? this.questions.next : (this.state?.times?.start ?? null);
    if (due !== null && due <= now) setTimeout(() => void this.getQuestions(), Math.random() * 400);
  }

  private second(): void {
    this.seconds++;
    this.askWhenDue();
    if (this.seconds % owedEvery === 0) void this.owed();
    this.step?.second?.();
    this.sharing.second();
    this.changed();
  }
}
