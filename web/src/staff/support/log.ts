// An attempt's log in words. Every kind of exam/event.go and exam/report.go has a text of its own; one that this page does not know yet is
// shown by its name, with its data.

import type { Key } from "../../i18n";
import type { Family } from "./words";

export interface LogEvent {
  n: number;
  at: number;
  source: string;
  kind: string;
  data: unknown;
  previous: string;
  id?: string;
  wall?: number;
  server?: number;
}

type Values = Record<string, string | number>;

/** A text and what is filled into it; `words` are chosen by the data, each of a family of texts, and are themselves translated. */
export interface Said {
  key: Key;
  values: Values;
  words: Record<string, { family: Family; word: string }>;
}

type Data = Record<string, unknown>;

const object = (value: unknown): Data => (typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Data) : {});
const text = (value: unknown): string => (typeof value === "string" ? value : typeof value === "number" ? String(value) : "");
const number = (value: unknown): number => (typeof value === "number" && Number.isFinite(value) ? value : 0);
const labels = (value: unknown): string => (Array.isArray(value) ? value.map(text).filter(Boolean).join(" · ") : "");

/** Reads an event's data for its text. Data of a browser is of the right form (the server checks it), of the server's own may be older than this page. */
type Reading = (data: Data) => { key: Key; values?: Values; words?: Said["words"] };

const plain = (key: Key): Reading => () => ({ key });
const reasoned = (key: Key): Reading => (data) => ({ key, values: { reason: text(data.reason) || "–" } });
const device = (key: Key): Reading => (data) => ({ key, values: { problem: text(data.problem) }, words: { device: { family: "device", word: text(data.device) } } });
const granted = (key: Key): Reading => (data) => ({ key, values: { minutes: Math.round((number(data.seconds) / 60) * 10) / 10, reason: text(data.reason) } });

const readings: Record<string, Reading> = {
  "signed-in": (data) => ({ key: "support.log.signedIn", values: { address: text(data.address) } }),
  "signed-out": plain("support.log.signedOut"),
  "login-elsewhere": (data) => ({ key: "support.log.elsewhere", values: { address: text(data.address) } }),
  "login-approved": (data) => (text(data.reason) ? reasoned("support.log.approvedWhy")(data) : { key: "support.log.approved" }),
  "login-refused": reasoned("support.log.refused"),
  "login-released": reasoned("support.log.released"),
  "devices-checked": plain("support.log.devicesChecked"),
  "phone-bound": (data) => ({ key: data.replaced === true ? "support.log.phoneReplaced" : "support.log.phoneBound" }),
  "phone-panned": (data) => (text(data.way) === "timed" ? { key: "support.log.phonePannedTimed" } : { key: "support.log.phonePanned", values: { degrees: number(data.degrees) } }),
  "phone-placed": plain("support.log.phonePlaced"),
  "phone-ended": (data) => ({ key: text(data.by) === "hand" ? "support.log.phoneEndedHand" : "support.log.phoneEnded" }),
  "phone-asked": plain("support.log.phoneAsked"),
  "phone-forgotten": plain("support.log.phoneForgotten"),
  "step-waived": (data) => ({ key: "support.log.waived", values: { reason: text(data.reason) }, words: { step: { family: "step", word: text(data.step) } } }),
  "attachment-read": (data) => ({ key: "support.log.attachment", values: { attachment: text(data.attachment) } }),
  "pledge-signed": (data) => ({ key: "support.log.pledge", values: { name: text(data.name) } }),
  entered: plain("support.log.entered"),
  "re-entered": plain("support.log.reentered"),
  "devices-confirmed": (data) => ({ key: "support.log.confirmed", values: { camera: text(data.camera), microphone: text(data.microphone) } }),
  "answering-began": plain("support.log.began"),
  "answering-ended": (data) => {
    const by = text(data.by).split(":")[0];
    if (by === "staff") return { key: "support.log.endedStaff", values: { reason: text(data.reason) } };
    return { key: by === "candidate" ? "support.log.endedCandidate" : "support.log.endedTime" };
  },
  "laptop-sent": plain("support.log.laptopSent"),
  "all-received": (data) => ({ key: data.late === true ? "support.log.receivedLate" : "support.log.received" }),
  "rehearsal-restarted": plain("support.log.restarted"),
  "time-granted": granted("support.log.granted"),
  "entry-granted": granted("support.log.readmitted"),
  still: (data) => ({ key: "support.log.still", words: { side: { family: "side", word: text(data.side) } } }),
  "help-asked": (data) => (text(data.cause) === "login-failed" ? { key: "support.log.helpLogin" } : { key: "support.log.help", values: { text: text(data.text) } }),
  "help-answered": (data) => ({ key: "support.log.answered", values: { text: text(data.text) } }),
  "take-signed": plain("support.log.takeSigned"),
  "recordings-removed": (data) => ({ key: "support.log.removed", values: { n: number(data.takes) } }),

  "page-opened": plain("support.log.pageOpened"),
  "page-left": plain("support.log.pageLeft"),
  visibility: (data) => ({ key: data.visible === false ? "support.log.hidden" : "support.log.visible" }),
  focus: (data) => ({ key: data.focused === false ? "support.log.blurred" : "support.log.focused" }),
  fullscreen: (data) => ({ key: data.on === false ? "support.log.fullscreenOff" : "support.log.fullscreenOn" }),
  screens: (data) => ({ key: data.extended === true ? "support.log.screensMore" : data.extended === false ? "support.log.screensOne" : "support.log.screensUnknown" }),
  clipboard: (data) => ({ key: "support.log.clipboard", values: { n: number(data.length) }, words: { action: { family: "clipboard", word: text(data.action) } } }),
  print: plain("support.log.print"),
  devices: (data) => ({ key: "support.log.devices", values: { cameras: labels(data.cameras) || "–", microphones: labels(data.microphones) || "–" } }),
  "virtual-camera": (data) => ({ key: "support.log.virtual", values: { label: text(data.label) } }),
  "device-lost": device("support.log.deviceLost"),
  "device-muted": (data) => device(data.muted === false ? "support.log.deviceUnmuted" : "support.log.deviceMuted")(data),
  "device-problem": device("support.log.deviceProblem"),
  share: (data) => ({ key: "support.log.share", words: { surface: { family: "surface", word: text(data.surface) || "unknown" } } }),
  devtools: plain("support.log.devtools"),
  network: (data) => ({ key: data.online === false ? "support.log.offline" : "support.log.online" }),
  clock: plain("support.log.clock"),
  "clock-jump": (data) => ({ key: "support.log.clockJump", values: { seconds: Math.round(number(data.by) / 100) / 10 } }),
  space: (data) => ({ key: data.full === true ? "support.log.spaceFull" : data.low === true ? "support.log.spaceLow" : "support.log.spaceFine" }),
  "wake-lock": (data) => ({ key: data.held === false ? "support.log.wakeLockLost" : "support.log.wakeLock" }),
  battery: (data) => ({ key: data.charging === true ? "support.log.charging" : "support.log.battery", values: { percent: Math.round(number(data.level) * 100) } }),
  frozen: (data) => ({ key: "support.log.frozen", values: { seconds: Math.round(number(data.for) / 100) / 10 } }),
  picture: (data) => ({ key: data.steady === false ? "support.log.pictureMoving" : "support.log.picture", values: { bright: Math.round(number(data.bright)) } }),
  orientation: (data) => ({ key: "support.log.orientation", values: { angle: number(data.angle) } }),
  "pan-tried": (data) => ({ key: "support.log.panTried", values: { degrees: Math.round(number(data.degrees)) } }),
  "take-began": (data) => ({
    key: "support.log.takeBegan",
    words: { kind: { family: "kind", word: text(data.kind) }, reason: { family: "begin", word: text(object(data.began).reason) } },
  }),
  "take-ended": (data) => ({
    key: "support.log.takeEnded",
    values: { length: lengthOf(number(data.ms) / 1000) },
    words: { reason: { family: "cause", word: text(object(data.end).reason) } },
  }),
};

/** Kinds that this page has words for. */
export const knownKinds = Object.keys(readings);

/** Says an event in words. */
export function say(event: Pick<LogEvent, "kind" | "data">): Said {
  const read = Object.hasOwn(readings, event.kind) ? readings[event.kind] : undefined;
  const said = read?.(object(event.data)) ?? { key: "support.log.unknown" as const, values: { kind: event.kind } };
  return { key: said.key, values: said.values ?? {}, words: said.words ?? {} };
}

/** Seconds as m:ss or h:mm:ss. */
export function lengthOf(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  const pad = (n: number) => String(n).padStart(2, "0");
  return s >= 3600 ? `${Math.floor(s / 3600)}:${pad(Math.floor(s / 60) % 60)}:${pad(s % 60)}` : `${Math.floor(s / 60)}:${pad(s % 60)}`;
}

/** When an event happened, in microseconds: as the browser that saw it says, else when it was logged. Like exam.Event.When. */
export function happenedAt(event: LogEvent): number {
  return event.server || event.wall || event.at;
}

/** Events that come by themselves all the time, and say nothing of what somebody did. */
const technical = new Set(["clock", "space", "network", "devices", "screens", "focus", "page-opened", "page-left", "take-signed", "wake-lock", "battery", "picture", "orientation"]);

export const isTechnical = (event: LogEvent): boolean => technical.has(event.kind) && !isRemarkable(event);

/** Events that whoever judges the interview wants to look at. */
const remarkable = new Set([
  "login-elsewhere", "login-refused", "login-released", "re-entered", "step-waived", "time-granted", "entry-granted", "help-asked", "clipboard", "print", "virtual-camera", "device-lost", "device-problem",
  "devtools", "clock-jump", "recordings-removed", "phone-asked", "phone-forgotten", "frozen",
]);

export function isRemarkable(event: LogEvent): boolean {
  const data = object(event.data);
  if (event.kind === "visibility") return data.visible === false;
  if (event.kind === "phone-bound") return data.replaced === true;
  if (event.kind === "screens") return data.extended === true;
  if (event.kind === "device-muted") return data.muted !== false;
  if (event.kind === "take-ended") return text(object(data.end).reason) !== "finished";
  if (event.kind === "answering-ended") return text(data.by).startsWith("staff");
  return remarkable.has(event.kind);
}

/** A log in the order of what happened; events that were kept in the browser while there was no network come where they belong. */
export function inPlace(events: readonly LogEvent[]): LogEvent[] {
  return [...events].sort((a, b) => happenedAt(a) - happenedAt(b) || a.n - b.n);
}
