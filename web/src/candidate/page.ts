// What steps see of the page that they are on.

import type { Capture, CaptureState } from "../capture/capture";
import type { Key, Lang } from "../i18n";
import type { ExamInfo, Questions, State, StepName } from "./api";
import type { DeviceResults } from "./checks/results";
import type { Connection } from "./live";
import type { PageClock } from "./pageclock";
import type { StillOutbox } from "./stilloutbox";

export type ScreenName = StepName | "connecting" | "no-exam" | "other-exam" | "recover";

export interface Page {
  readonly lang: Lang;
  t(key: Key, values?: Record<string, string | number>): string;
  /** The exam of the page's address; null until it is known. */
  readonly exam: ExamInfo | null;
  /** What the server last said of who is signed in; null where nobody is. */
  readonly state: State | null;
  readonly connection: Connection;
  readonly clock: PageClock;
  readonly capture: Capture | null;
  readonly captured: CaptureState | null;
  readonly questions: Questions | null;
  /** Nobody is signed in any more, while there is something to go on with. */
  readonly signedOut: boolean;
  /** The number under which a person can be reached; empty where the exam gives none. */
  readonly support: string;
  /** Messages of support that nobody has looked at. */
  readonly unread: number;
  /** What was typed and not yet sent, through changes of language. */
  readonly drafts: Map<string, string>;
  readonly stills: StillOutbox;

  /** Does a step on the server and takes over the state that it answers. Throws ApiError. */
  do(step: StepName | "restart", body: unknown): Promise<void>;
  /** Signs in. Throws ApiError. */
  signIn(ticket: string, idTail: string): Promise<void>;
  signOut(): Promise<void>;
  /** Asks for the state again. Throws ApiError. */
  refresh(): Promise<void>;
  getQuestions(): Promise<void>;
  /** Asks for a code for another phone. Throws ApiError. */
  askForPhone(): Promise<void>;
  /** Shows the phone, whatever the step. */
  openPhone(): void;
  /** Before signing in: the devices were tried. */
  devicesDone(results: DeviceResults): Promise<void>;
  /** Before signing in: back to the devices. */
  devicesAgain(): void;
  /** Entered, with devices open: recording begins. */
  entered(): void;
  /** Ends answering, with or without network. */
  end(): Promise<void>;
  /** Reads something out to those who do not see it. */
  announce(text: string): void;
  openHelp(): void;
  /** Draws again whatever depends on the page's state. */
  changed(): void;
}

/** One step on the screen. */
export interface Step {
  element: HTMLElement;
  /** The page's state has changed. */
  update?(): void;
  /** A second of the server's clock has begun. */
  second?(): void;
  leave?(): void;
}

export type MakeStep = (page: Page) => Step;
