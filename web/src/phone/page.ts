// What steps see of the page that they are on.

import type { Facing } from "../capture/devices";
import type { Key, Lang } from "../i18n";
import type { Pan, State } from "./api";
import type { Host } from "./host";
import type { Captured, PhoneCapture } from "./keeper";
import type { Owing } from "./owed";
import type { Sampler } from "./sampler";
import type { Sensor } from "./sensor";
import type { Battery, Trouble } from "./trouble";

export interface PhonePage {
  readonly lang: Lang;
  t(key: Key, values?: Record<string, string | number>): string;
  readonly host: Host;
  /** What this browser lacks for filming; null where nothing. */
  readonly lacks: "secure" | "old" | null;
  /** What the server last said; null where this phone is bound to nothing. */
  readonly state: State | null;
  readonly owing: Owing;
  readonly connected: boolean;
  readonly capture: PhoneCapture | null;
  readonly captured: Captured | null;
  readonly trouble: Trouble | null;
  readonly battery: Battery | null;
  readonly awake: boolean;
  readonly facing: Facing;
  readonly sensor: Sensor;
  readonly sampler: Sampler;
  /** The code of the page's address, as long as it was not tried. */
  readonly linked: string | null;
  /** What was typed and what was said to that, through a change of language. */
  readonly joining: { typed: string; refused: { key: Key; values?: Record<string, number>; code: string } | null };
  /** Takes are still sent for a phone session that is gone. */
  readonly unbound: boolean;

  /** Throws ApiError. */
  bind(code: string): Promise<void>;
  /** Asks for everything that filming needs; to be called in a tap. Throws DeviceError. */
  allow(facing?: Facing): Promise<void>;
  panned(pan: Pan): Promise<void>;
  placed(how: { anyway: boolean }): Promise<void>;
  end(): Promise<void>;
  /** Forgets this phone. */
  forget(): Promise<void>;
  announce(text: string): void;
  changed(): void;
}

/** One step on the screen. */
export interface StepView {
  element: HTMLElement;
  /** The page's state has changed. */
  update?(): void;
  second?(): void;
  leave?(): void;
}

export type MakeStep = (page: PhonePage) => StepView;
