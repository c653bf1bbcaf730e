// The candidate's page as far as it needs no browser.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isKey } from "../../src/i18n";
import { alarmKey, alarmOf, doingOf, sideAlarms, todoKey, type SideStatus, type SideView } from "../../src/sideview";
import type { CaptureState } from "../../src/capture/capture";
import type { Question, Questions, State, StepName } from "../../src/candidate/api";
import { judgeNetwork, judgePower, judgeStorage, nothingTried, standing } from "../../src/candidate/checks/results";
import { pause } from "../../src/candidate/live";
import { bytes, countdown, maskName, maskTicket, speed } from "../../src/candidate/measures";
import { current, newer } from "../../src/candidate/questions";
import { phone, progress, secondsLeft } from "../../src/candidate/recordings";
import { rail, stepNow } from "../../src/candidate/stepnow";
import { wrongs, type Situation } from "../../src/candidate/wrongs";

const now = 1_800_000_000e6;

/** A phone that films, heard now. */
function films(change: Partial<SideView> = {}, status: Partial<SideStatus> = {}): SideView {
  const said: SideStatus = {
    stage: "film", recording: true, hidden: false, battery: { level: 0.8, charging: false }, network: { online: true, type: null, downlink: null, rtt: null }, unsent: { bytes: 0, seconds: 0 }, trouble: null, space: "enough", ...status,
  };
  return { at: now, agent: "", pan: null, placedAt: now, endedAt: null, heard: now, still: null, ...change, status: said };
}

describe("the phone", () => {
  it.each<[string, SideView, string | null]>([
    ["films", films(), null],
    ["was heard 12 seconds ago", films({ heard: now - 12e6 }), null],
    ["was heard a moment before", films({ heard: now - 12e6 - 1 }), "silent"],
    ["was low, but is silent now", films({ heard: now - 60e6 }, { trouble: "dark", stage: "interrupted" }), "silent"],
    ["was interrupted", films({}, { stage: "interrupted" }), "interrupted"],
    ["says why", films({}, { stage: "interrupted", trouble: "camera-lost" }), "camera-lost"],
    ["is at 20 %", films({}, { battery: { level: 0.2, charging: false } }), null],
    ["is below", films({}, { battery: { level: 0.19, charging: false } }), "battery"],
    ["is almost empty and dark", films({}, { battery: { level: 0.09, charging: false }, trouble: "dark" }), "empty"],
    ["is being charged", films({}, { battery: { level: 0.05, charging: true } }), null],
    ["does not know its battery", films({}, { battery: null }), null],
    ["is offline", films({}, { network: { online: false, type: null, downlink: null, rtt: null } }), "network"],
    ["has a trouble that this page does not know", films({}, { trouble: "some-day" }), null],
    ["sends what is too large", films({}, { trouble: "too-large" }), "refused"],
    ["waits for the server", films({}, { trouble: "server-full" }), null],
    ["goes on after a standstill", films({}, { trouble: "frozen" }), "frozen"],
    ["is full", films({}, { space: "full", trouble: "moving" }), "full"],
    ["has ended, and sends", films({ endedAt: now }, { stage: "send", unsent: { bytes: 1, seconds: 1 } }), null],
    ["has ended, and is silent before it has sent all", films({ endedAt: now, heard: now - 60e6 }, { stage: "send", unsent: { bytes: 1, seconds: 1 } }), "silent"],
    ["is done, and was put away", films({ endedAt: now, heard: now - 600e6 }, { stage: "done" }), null],
  ])("that %s: %s", (_, view, alarm) => expect(alarmOf(view, now)).toBe(alarm));

  it("is said in one word", () => {
    expect([doingOf({ ...films(), status: null }), doingOf(films()), doingOf(films({}, { recording: false })), doingOf(films({}, { stage: "interrupted" })), doingOf(films({}, { stage: "pan" }))]).toEqual(["joined", "film", "stopped", "stopped", "pan"]);
  });

  it("has words for every alarm, and for every trouble that a phone says", () => {
    for (const alarm of sideAlarms) expect(isKey(alarmKey(alarm)) && isKey(todoKey(alarm)), alarm).toBe(true);
    const contract = readFileSync(join(__dirname, "../../../docs/phone.md"), "utf8");
    const [, own = ""] = /or of the phone's own: ([^.]+)/.exec(contract) ?? [];
    const words = [...own.matchAll(/`([a-z-]+)`/g)].map((m) => m[1]!);
    expect(words.length).toBeGreaterThan(7);
    for (const word of words) expect(sideAlarms, word).toContain(word);
  });
});

const all: StepName[] = ["devices", "login", "phone", "attachments", "pledge", "entry", "confirm", "waiting", "answering", "upload", "finished"];

describe("the step that is shown", () => {
  const times = { login: 0, entry: 0, start: 100e6, end: 200e6, upload: 300e6 };
  const state = (step: StepName) => ({ times, attempt: { step } as State["attempt"] });

  it.each<[StepName, number | null, boolean, StepName]>([
    ["login", 150e6, false, "login"],
    ["waiting", 99e6, false, "waiting"],
    ["waiting", 100e6, false, "answering"],
    ["waiting", null, false, "waiting"],
    ["confirm", 150e6, false, "confirm"],
    ["answering", 199e6, false, "answering"],
    ["answering", 204e6, false, "answering"], // the server may have granted time: its word is waited for
    ["answering", 205e6, false, "upload"],
    ["answering", 150e6, true, "upload"],
    ["entry", 250e6, true, "entry"],
    ["finished", 250e6, true, "finished"],
  ])("%s at %s, ended here: %s, is %s", (step, now, ended, shown) => expect(stepNow(state(step), now, ended)).toBe(shown));

  it("stays where an interview has no times yet", () => expect(stepNow({ ...state("confirm"), times: null }, 1e15)).toBe("confirm"));
});

describe("the rail", () => {
  const states = (step: StepName, steps = all) => rail(step, steps).map((stop) => `${stop.stop} ${stop.state}`);
  it("has eight stops, with the pledge among the documents and the waiting room before the answers", () => {
    expect(states("pledge")).toEqual(["devices done", "login done", "phone done", "attachments current", "entry ahead", "confirm ahead", "answering ahead", "upload ahead"]);
    expect(states("waiting")[6]).toBe("answering current");
  });
  it("leaves out what the exam leaves out", () => expect(states("entry", all.filter((step) => step !== "phone")).join()).not.toContain("phone"));
  it("keeps the stop of attachments where only the pledge is left", () => expect(states("entry", all.filter((step) => step !== "attachments"))).toContain("attachments done"));
  it("is done with everything at the end", () => expect(states("finished").every((stop) => stop.endsWith("done"))).toBe(true));
});

describe("the question of the moment", () => {
  const question = (number: number, from: number, answerFrom: number, until: number): Question => ({ id: `q${number}`, number, text: "", from, answerFrom, until });
  const two = [question(1, 0, 10, 20), question(2, 20, 30, 40)];
  it.each<[number | null, string, string, number]>([
    [5, "q1", "prepare", 10],
    [10, "q1", "answer", 20],
    [19, "q1", "answer", 20],
    [20, "q2", "prepare", 30],
    [40, "q2", "over", 40],
    [null, "q2", "prepare", 30],
  ])("at %s is %s, to %s until %s", (now, id, phase, until) => {
    const asked = current(two, now)!;
    expect([asked.question.id, asked.phase, asked.until]).toEqual([id, phase, until]);
  });
  it("is none before the first", () => expect([current([], 5), current(two, -1)]).toEqual([null, null]));
  it("is not taken back by an answer that was overtaken", () => {
    const at = (serverTime: number) => ({ serverTime }) as Questions;
    expect([newer(null, at(1)).serverTime, newer(at(2), at(1)).serverTime, newer(at(1), at(2)).serverTime]).toEqual([1, 2, 2]);
  });
});

describe("measures", () => {
  it.each([[0, "00:00"], [-5e6, "00:00"], [1, "00:00"], [0.2e6, "00:01"], [60e6, "01:00"], [59.99e6, "01:00"], [3599e6, "59:59"], [3661e6, "1:01:01"]])("counts %s µs down as %s", (left, text) => expect(countdown(left)).toBe(text));
  it("writes sizes and speeds", () => expect([bytes(0), bytes(1), bytes(2.5e6), bytes(3e9), speed(950_000), speed(1.5e6)]).toEqual(["0 kB", "1 kB", "2.5 MB", "3.00 GB", "950 kbit/s", "1.5 Mbit/s"]));
  it("shows no name and no number in full", () => expect([maskName("李明"), maskName("欧阳明月"), maskName(""), maskTicket("20260018"), maskTicket("18")]).toEqual(["李＊", "欧＊＊", "", "••••0018", "18"]));
  it("spreads tries apart, and never waits more than some seconds", () => {
    expect([pause(0, 0), pause(0, 1), pause(20, 1)]).toEqual([375, 625, 12_500]);
  });
});

describe("the checks", () => {
  it("judge a line by what the recordings need", () => expect([judgeNetwork(2e6, 5e6, 50), judgeNetwork(8e5, 5e6, 50), judgeNetwork(2e6, 5e6, 900), judgeNetwork(1e5, 5e6, 50)]).toEqual(["good", "warn", "warn", "bad"]));
  it("want a computer to be plugged in", () => expect([judgePower(0.1, true), judgePower(0.9, false), judgePower(0.2, false)]).toEqual(["good", "warn", "bad"]));
  it("believe an estimate of space only with a trial", () => expect([judgeStorage(9e9, true), judgeStorage(9e9, false), judgeStorage(1e9, true), judgeStorage(1e8, true)]).toEqual(["good", "bad", "warn", "bad"]));
  it("let nobody go on without camera and screen, but without a loudspeaker", () => {
    const results = nothingTried();
    for (const name of ["browser", "camera", "microphone", "recording", "displays"] as const) results[name] = { state: "good" };
    results.speaker = { state: "bad" };
    results.screen = { state: "bad" };
    expect(standing(results)).toEqual({ open: ["screen"], failed: ["screen"] });
    results.screen = { state: "warn" };
    expect(standing(results).open).toEqual([]);
  });
});

describe("what is wrong", () => {
  const device = { open: true, label: "", muted: false, virtual: false, problem: null };
  const captured: NonNullable<Situation["captured"]> = {
    tab: "here", devices: { camera: device, microphone: device, screen: device }, recordings: { camera: { wanted: true, recording: true }, screen: { wanted: true, recording: true } },
    failure: null, space: { low: false, full: false, reserve: 0, held: 0, removed: 0 }, trouble: null, persisted: true,
  };
  const fine: Situation = { screen: "answering", known: true, connected: true, silentFor: 0, online: true, phone: null, now: null, signedOut: false, recording: true, captured };
  const said = (change: Partial<Situation>) => wrongs({ ...fine, ...change }).map((wrong) => `${wrong.tone} ${wrong.title}`);
  const captures = (change: object) => ({ captured: { ...captured, ...change } });

  it("is nothing while nothing is", () => expect(said({})).toEqual([]));
  it("is the network: with the recording it is no alarm, without it is one", () => {
    expect(said({ connected: false, online: false })).toEqual(["warn wrong.offlineRecording"]);
    expect(said({ connected: false })).toEqual(["warn wrong.lost"]);
    expect(said({ connected: false, recording: false })).toEqual(["bad wrong.lost"]);
    expect(said({ connected: false, known: false })).toEqual([]);
  });
  it("is a lost session rather than a lost connection", () => expect(said({ connected: false, signedOut: true })).toEqual(["bad wrong.signedOut"]));
  it("is a camera that is lost, mute or none", () => {
    const camera = (change: object) => captures({ devices: { ...captured.devices, camera: { ...device, ...change } } });
    expect(said(camera({ open: false, problem: "ended" }))).toEqual(["bad wrong.camera"]);
    expect(said(camera({ muted: true }))).toEqual(["bad wrong.cameraMuted"]);
    expect(said(camera({ virtual: true }))).toEqual(["bad wrong.virtual"]);
    expect(said({ ...camera({ open: false }), recording: false })).toEqual([]);
  });
  it("is the disk, the worst first", () => {
    expect(said(captures({ space: { ...captured.space, low: true } }))).toEqual(["warn wrong.spaceLow"]);
    expect(said(captures({ space: { ...captured.space, low: true, full: true } }))).toEqual(["bad wrong.spaceFull"]);
    expect(said(captures({ space: { ...captured.space, low: true }, failure: "no-space" }))).toEqual(["bad wrong.noSpace", "warn wrong.spaceLow"]);
  });
  it("is the phone, from when it stands, and not while nothing is known of it", () => {
    const silent = { phone: films({ heard: now - 13e6 }), now };
    expect(said(silent)).toEqual(["bad side.alarm.silent"]);
    expect(wrongs({ ...fine, ...silent })[0]).toMatchObject({ values: { seconds: 13 }, action: "phone" });
    expect(said({ phone: films({}, { trouble: "dark" }), now })).toEqual(["warn side.alarm.dark"]);
    for (const quiet of [{ screen: "phone" as const }, { screen: "finished" as const }, { connected: false, online: false }]) expect(said({ ...silent, ...quiet }).join()).not.toContain("side.");
  });
  it("is what stops the upload", () => {
    for (const [trouble, title] of [["disk", "bad wrong.disk"], ["refused", "bad wrong.refused"], ["server-full", "warn wrong.serverFull"], ["server", "warn wrong.server"]]) expect(said(captures({ trouble }))).toEqual([title]);
    expect(said(captures({ trouble: "network" }))).toEqual([]);
    expect(said({ ...captures({ trouble: "network" }), screen: "upload" })).toEqual(["warn wrong.uploadNetwork"]);
  });
});

describe("recordings on their way", () => {
  const take = (change: Partial<CaptureState["takes"][number]>) => ({ attempt: "a1", kind: "camera", recorded: 100, verified: 40, receipt: false, ...change }) as CaptureState["takes"][number];
  const takes = [take({ receipt: true, verified: 100 }), take({}), take({ kind: "screen" }), take({ attempt: "other", recorded: 9999 })];
  it("add up by kind, without those of other exams", () => {
    expect(progress({ takes }, "a1")).toEqual([{ kind: "camera", takes: 2, recorded: 200, safe: 140, signed: false }, { kind: "screen", takes: 1, recorded: 100, safe: 40, signed: false }]);
  });
  it("have a time left only while something moves", () => {
    expect(secondsLeft({ takes, rate: 96, trouble: null }, "a1")).toBe(10);
    expect(secondsLeft({ takes, rate: 96, trouble: "network" }, "a1")).toBeNull();
    expect(secondsLeft({ takes, rate: 0, trouble: null }, "a1")).toBeNull();
    expect(secondsLeft({ takes: [], rate: 0, trouble: null }, "a1")).toBe(0);
  });
  it("of the phone are what the server says", () => {
    const of = (receipt: boolean, bytes: number) => ({ take: "", kind: "phone" as const, state: "", bytes, size: null, chunks: 0, receipt });
    expect(phone([])).toEqual({ takes: 0, bytes: 0, signed: false });
    expect(phone([of(true, 5), of(false, 6)])).toEqual({ takes: 2, bytes: 11, signed: false });
    expect(phone([of(true, 5)]).signed).toBe(true);
  });
});
