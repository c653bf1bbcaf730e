import { describe, expect, it } from "vitest";
import type { CaptureState } from "../../src/capture/capture";
import type { TakeState } from "../../src/capture/protocol";
import { grouped, readCode } from "../../src/phone/code";
import { hostOf } from "../../src/phone/host";
import { change, frameSize, isDark, isGood, isMoving, luma, PictureJudge } from "../../src/phone/picture";
import { keyOf, statusOf, unsent, type Seen } from "../../src/phone/status";
import { duration } from "../../src/phone/steps/film";
import { stepNow } from "../../src/phone/stepnow";
import { troubleNow, type Situation } from "../../src/phone/trouble";
import type { State } from "../../src/phone/api";

describe("a code", () => {
  it("is read however it was typed, and out of a link", () => {
    for (const typed of ["k7qf-2m3p", " K7QF 2M3P ", "Ｋ７ＱＦ２Ｍ３Ｐ", "k7qf–2m3p", "https://exam.example/phone?code=K7QF2M3P&x=1", "K7QFZM3P"]) expect(readCode(typed), typed).toEqual({ text: "K7QF2M3P", whole: true, impossible: false });
    expect(grouped("K7QF2M3P")).toBe("K7QF 2M3P");
  });
  it("is told apart from what none can be", () => {
    expect(readCode("K7QF2M")).toMatchObject({ whole: false, impossible: false });
    expect(readCode("K7QF2M3O")).toMatchObject({ whole: false, impossible: true });
    expect(readCode("二维码")).toMatchObject({ impossible: true });
  });
});

describe("what the page runs in", () => {
  const iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)";
  const android = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko)";
  it.each([
    [`${iphone} Version/17.5 Mobile/15E148 Safari/604.1`, 5, "ios", null],
    [`${iphone} CriOS/126.0 Mobile/15E148 Safari/604.1`, 5, "ios", null],
    [`${iphone} Mobile/15E148 MicroMessenger/8.0.49 NetType/WIFI Language/zh_CN`, 5, "ios", "wechat"],
    [`${iphone} Mobile/15E148 QQ/9.0.60 V1_IPH`, 5, "ios", "qq"],
    [`${iphone} Mobile/15E148`, 5, "ios", "other"],
    ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15", 5, "ios", null],
    ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15", 0, "other", null],
    [`${android} Chrome/126.0 Mobile Safari/537.36`, 5, "android", null],
    [`${android} Version/4.0 Chrome/116.0 MQQBrowser/14.9 Mobile Safari/537.36`, 5, "android", null],
    [`${android} Version/4.0 Chrome/116.0 Mobile Safari/537.36 XWEB/1160065 MicroMessenger/8.0.49`, 5, "android", "wechat"],
    ["Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0 Mobile Safari/537.36", 5, "android", "other"],
  ])("%s", (agent, touches, system, inApp) => expect(hostOf(agent, touches)).toEqual({ system, inApp }));
});

describe("the picture", () => {
  const size = frameSize.width * frameSize.height;
  /** Bright and dark squares, moved to the side. */
  const room = (shift: number, brighter = 0) => Float32Array.from({ length: size }, (_, n) => ((Math.floor(((n % frameSize.width) + shift) / 4) + Math.floor(n / frameSize.width / 4)) % 2 ? 160 : 60) + brighter);
  const judge = (...frames: Float32Array[]) => judgeEvery(500, ...frames);
  const judgeEvery = (every: number, ...frames: Float32Array[]) => {
    const judged = new PictureJudge();
    frames.forEach((frame, n) => judged.add(frame, n * every));
    return judged.picture;
  };
  it("is good when it is bright and has stood still for some frames", () => {
    expect(isGood(judge(room(0), room(0)))).toBe(false);
    expect(isGood(judge(room(0), room(0), room(0), room(0), room(0)))).toBe(true);
  });
  it("moves with the camera, and not with the light or with somebody before it", () => {
    expect(isMoving(judge(room(0), room(2), room(4), room(6), room(8)))).toBe(true);
    expect(isMoving(judge(room(0), room(0, 20), room(0, 40), room(0, 40), room(0, 40)))).toBe(false);
    const person = (at: number) => room(0).map((value, n) => (Math.abs((n % frameSize.width) - at) < 4 && n > size / 4 ? 20 : value));
    expect(isMoving(judge(person(8), person(12), person(8), person(12), person(8)))).toBe(false);
    expect(isMoving(judge(room(0), room(0), room(2), room(2), room(2)))).toBe(false); // pushed once
    expect(judgeEvery(4000, room(0), room(2), room(4), room(6), room(8)).steady).toBeNull();
    expect(change(room(0), room(0, 30))).toBeCloseTo(0);
  });
  it("is dark when the lens is covered", () => {
    expect(isDark(judge(new Float32Array(size).fill(9)))).toBe(true);
    expect(isDark(judge(room(0)))).toBe(false);
    expect(luma(Uint8ClampedArray.from([255, 255, 255, 255, 0, 0, 0, 255]))[0]).toBeCloseTo(255);
  });
});

const state = (change: { step?: string; ended?: boolean; phone?: Partial<State["phone"]>; end?: "attempt" | "hand"; pan?: number } = {}) =>
  ({ policy: { pan: change.pan ?? 330, end: change.end ?? "attempt" }, attempt: { id: "a", step: change.step ?? "phone", ended: change.ended ? { at: 1, by: "candidate" } : null }, phone: { boundAt: 1, ...change.phone } }) as State;
const panned = { at: 2, degrees: 340, way: "sensor" as const };

describe("the step", () => {
  it("follows the server, and counts what it could not be told yet", () => {
    expect(stepNow(null, {}, true, true)).toBe("join");
    expect(stepNow(state(), {}, false, true)).toBe("allow");
    expect(stepNow(state(), {}, true, true)).toBe("pan");
    expect(stepNow(state({ phone: { pan: panned } }), {}, true, true)).toBe("place");
    expect(stepNow(state(), { pan: { degrees: 340, way: "sensor", take: "t", from: 1, to: 2 } }, true, true)).toBe("place");
    expect(stepNow(state({ phone: { pan: panned } }), { place: true }, true, true)).toBe("film");
    expect(stepNow(state({ pan: 0 }), {}, true, true)).toBe("place");
  });
  it("asks nobody who answers to turn around with a phone", () => {
    for (const step of ["confirm", "waiting", "answering"]) expect(stepNow(state({ step }), {}, true, true)).toBe("place");
  });
  it("ends with the attempt, by hand, or with another phone, and is done only when everything is signed for", () => {
    const placed = { pan: panned, placedAt: 3 };
    expect(stepNow(state({ ended: true, phone: placed }), {}, true, false)).toBe("send");
    expect(stepNow(state({ ended: true, phone: placed }), {}, true, true)).toBe("done");
    expect(stepNow(state({ ended: true, end: "hand", phone: placed }), {}, true, true)).toBe("film");
    expect(stepNow(state({ ended: true, end: "hand", phone: placed }), { end: "hand" }, true, false)).toBe("send");
    expect(stepNow(state({ phone: { replacedAt: 9 } }), {}, false, false)).toBe("send");
  });
});

const device = { open: true, label: "", muted: false, virtual: false, problem: null };
const captured = (change: object = {}) =>
  ({ tab: "here", devices: { camera: device, microphone: device, screen: device }, recordings: { phone: { wanted: true, recording: true } }, failure: null, space: { low: false, full: false, reserve: 0, held: 0, removed: 0 }, trouble: null, takes: [], ...change }) as unknown as CaptureState<"phone">;
const situation = (change: Partial<Situation> = {}): Situation => ({ step: "film", captured: captured(), hidden: false, unlocked: false, tap: false, thawed: null, battery: null, dark: false, moving: false, ...change });

describe("trouble", () => {
  it("is the worst of what is wrong, and nothing where nothing is", () => {
    expect(troubleNow(situation())).toBeNull();
    const all = { hidden: true, tap: true, unlocked: true, dark: true, moving: true, battery: { level: 0.1, charging: false }, thawed: 10 };
    expect(troubleNow(situation(all))).toBe("hidden");
    expect(troubleNow(situation({ ...all, hidden: false }))).toBe("tap");
    expect(troubleNow(situation({ ...all, hidden: false, tap: false }))).toBe("frozen");
    expect(troubleNow(situation({ ...all, hidden: false, tap: false, thawed: 60_000 }))).toBe("battery");
    expect(troubleNow(situation({ battery: { level: 0.1, charging: true }, unlocked: true }))).toBe("wake-lock");
    expect(troubleNow(situation({ captured: captured({ devices: { camera: { ...device, open: false }, microphone: device } }) }))).toBe("camera-lost");
    expect(troubleNow(situation({ captured: captured({ devices: { camera: device, microphone: { ...device, muted: true } } }) }))).toBe("muted");
    expect(troubleNow(situation({ captured: captured({ trouble: "network" }) }))).toBe("network");
    expect(troubleNow(situation({ captured: captured({ space: { full: true } }) }))).toBe("disk");
  });
  it("of a picture counts once the phone has been placed, and none of filming once that is over", () => {
    expect(troubleNow(situation({ step: "place", dark: true }))).toBeNull();
    expect(troubleNow(situation({ step: "send", hidden: true, tap: true }))).toBeNull();
  });
});

describe("the status", () => {
  const take = (change: Partial<TakeState>) => ({ take: "t", attempt: "a", kind: "phone", began: { wall: 5, monotonic: 0, server: 7, reason: "start" }, ended: null, live: true, length: 10_000, recorded: 1000, stored: 0, receipt: false, ...change }) as TakeState;
  const seen = (change: Partial<Seen> = {}): Seen => ({
    run: "r", step: "film", attempt: "a", captured: captured({ takes: [take({})] }), trouble: null, hidden: false, battery: null, network: { online: true, type: null, downlink: null, rtt: null },
    facing: "user", size: { width: 640, height: 480 }, picture: { bright: 90, steady: true }, ...change,
  });
  it("says what is recorded, and since when", () => {
    expect(statusOf(seen())).toMatchObject({ stage: "film", recording: true, take: "t", since: 7, unsent: { bytes: 1000, seconds: 10 }, space: "enough" });
    expect(statusOf(seen({ step: "allow" }))).toBeNull();
  });
  it("is interrupted where nothing is recorded that should be", () => {
    const off = captured({ recordings: { phone: { wanted: true, recording: false } }, takes: [take({ live: false, ended: { wall: 8, monotonic: 0, server: 9, reason: "muted" } })] });
    expect(statusOf(seen({ captured: off, trouble: "muted" }))).toMatchObject({ stage: "interrupted", take: null, since: 9, trouble: "muted" });
  });
  it("counts what the server does not have safe, of this attempt alone", () => {
    expect(unsent([take({ stored: 600 }), take({ receipt: true }), take({ attempt: "b" })], "a")).toEqual({ bytes: 400, seconds: 4 });
  });
  it("is worth telling at once when a word changes, and not when a number does", () => {
    const key = (change: Partial<Seen>) => keyOf(statusOf(seen(change))!);
    expect(key({ picture: { bright: 91, steady: true } })).toBe(key({}));
    expect(key({ trouble: "dark" })).not.toBe(key({}));
    expect(key({ hidden: true })).not.toBe(key({}));
  });
});

it("a time filmed is read as hours, minutes and seconds", () => expect(duration(3_723_900)).toBe("1:02:03"));
