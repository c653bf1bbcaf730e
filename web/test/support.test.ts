import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { shallowRef } from "vue";
import { isKey, translate } from "../src/i18n";
import { askedAt, byNeed, count, goingOn, keepingRows, matches, rowOf, type Candidate, type CandidateList } from "../src/staff/support/candidates";
import { inPlace, isRemarkable, isTechnical, knownKinds, lengthOf, say, type LogEvent } from "../src/staff/support/log";
import { fromList, heard, withNewest, type Phones } from "../src/staff/support/phones";
import { measuresFor } from "../src/staff/support/measures";
import type { Action } from "../src/staff/session";

const second = 1_000_000;
const now = 1_800_000_000 * second;

function candidate(ticket: string, with_: Partial<Candidate> = {}): Candidate {
  return {
    attempt: `a-${ticket}`, ticket, name: "王小明", hasPhoto: false, step: "login", signedIn: true, login: { state: "approved", reason: "" }, loginAt: now - 600 * second,
    stills: {}, waivable: [], help: [], helpOpen: false, reentered: 0, extraSeconds: 0, lostSeconds: 0, gaps: [], ended: null, recordings: [], phone: null, ...with_,
  };
}

const waits = (ticket: string, seconds: number) => candidate(ticket, { login: { state: "waiting", reason: "" }, loginAt: now - seconds * second });
const asks = (ticket: string, seconds: number) =>
  candidate(ticket, { step: "answering", helpOpen: true, help: [{ at: now - seconds * second, from: "candidate", text: "听不到" }] });
const misses = (ticket: string, until: number) =>
  candidate(ticket, { step: "answering", gaps: [{ kind: "screen", from: now - 30 * second, to: until, cause: "share-stopped" }] });
const list = (...candidates: Candidate[]): CandidateList => ({ serverTime: now, times: null, rehearsal: false, candidates });

describe("candidates by need", () => {
  it("come with the longest waiting login first, then help, then what is not recorded, then by ticket as people count", () => {
    const all = [candidate("10"), candidate("9"), misses("8", now), asks("7", 10), asks("6", 50), waits("5", 5), waits("4", 99)];
    const order = all.map((c) => rowOf(c, now)).sort(byNeed).map((row) => row.candidate.ticket);
    expect(order).toEqual(["4", "5", "6", "7", "8", "9", "10"]);
  });

  it("counts each need of a candidate who has several", () => {
    const both = { ...waits("1", 9), helpOpen: true, help: [{ at: now, from: "candidate" as const, text: "?" }] };
    const counts = count([both, misses("2", now), candidate("3", { ended: { at: now, by: "time" } })].map((c) => rowOf(c, now)));
    expect(counts).toEqual({ login: 1, help: 1, gap: 1, answering: 1, ended: 1, all: 3 });
  });

  it("takes a gap as going on only while answering, and only where the server saw no end of it", () => {
    expect(goingOn(misses("1", now), now)).toBeDefined();
    expect(goingOn(misses("1", now - 5 * second), now)).toBeUndefined();
    expect(goingOn({ ...misses("1", now), ended: { at: now, by: "time" } }, now)).toBeUndefined();
  });

  it("counts waiting for an answer from the first question after the last answer", () => {
    const help = [
      { at: 1, from: "candidate" as const, text: "a" }, { at: 2, from: "support" as const, text: "b" },
      { at: 3, from: "candidate" as const, text: "c" }, { at: 4, from: "candidate" as const, text: "d" },
    ];
    expect(askedAt(candidate("1", { help }))).toBe(3);
    expect(askedAt(candidate("1", { help: help.slice(0, 2) }))).toBe(0);
  });

  it("finds by every word of ticket and name", () => {
    expect(matches(candidate("A-017"), " 017 小明")).toBe(true);
    expect(matches(candidate("A-017"), "018")).toBe(false);
    expect(matches(candidate("A-017"), "")).toBe(true);
  });

  it("keeps the rows of candidates who say the same, so that a page of hundreds renders what changed", () => {
    const keep = keepingRows();
    const before = keep(list(candidate("1"), candidate("2")));
    const after = keep({ ...list(candidate("1"), waits("2", 1)), serverTime: now + second });
    expect(after.map((row) => row.candidate.ticket)).toEqual(["2", "1"]);
    expect(after[1]).toBe(before[0]);
    expect(after[0]).not.toBe(before[1]);
  });

  it("keeps the row of a candidate whose phone only has said something new", () => {
    const keep = keepingRows();
    const phone = { at: now, agent: "", pan: null, placedAt: null, endedAt: null, heard: now, status: null, still: null };
    const before = keep(list(candidate("1", { phone })));
    expect(keep(list(candidate("1", { phone: { ...phone, heard: now + second, still: now } })))[0]).toBe(before[0]);
    expect(keep(list(candidate("1", { phone: { ...phone, placedAt: now } })))[0]).not.toBe(before[0]);
  });

  it("shows of a phone the newest that is known", () => {
    const phone = { at: now, agent: "", pan: null, placedAt: now, endedAt: null, heard: now, status: null, still: null };
    const phones = shallowRef<Phones>(new Map());
    fromList(phones, list(candidate("1", { phone }), candidate("2")));
    expect([...phones.value.keys()]).toEqual(["a-1"]);
    heard(phones, { "a-1": { heard: now + second, status: null, still: now } });
    expect(withNewest(phone, "a-1", phones.value)).toEqual({ ...phone, heard: now + second, still: now });
    expect(withNewest({ ...phone, heard: now + 2 * second }, "a-1", phones.value).heard).toBe(now + 2 * second);
  });

  it("renders anew the row of a gap that has ended without another word", () => {
    const keep = keepingRows();
    expect(keep(list(misses("1", now)))[0]?.need).toBe("gap");
    expect(keep({ ...list(misses("1", now)), serverTime: now + 10 * second })[0]?.need).toBe("");
  });
});

describe("what can be done", () => {
  const times = { login: now - 40 * 60 * second, entry: now - 25 * 60 * second, start: now - 600 * second, end: now + 600 * second, upload: now + 4200 * second };
  const names = (c: Candidate, may: Action[] = ["assist", "grant"], at = now) => measuresFor(c, times, at, (action) => may.includes(action)).map((m) => m.name);

  it.each<[string, Candidate, number, string[]]>([
    ["before entering and after the start", candidate("1", { waivable: ["phone"] }), now, ["waive-phone", "release", "grant", "readmit"]],
    ["while answering", candidate("1", { step: "answering" }), now, ["release", "grant", "end"]],
    ["after an early end", candidate("1", { step: "upload", ended: { at: now, by: "candidate" } }), now, ["release", "readmit"]],
    ["when the time is over", candidate("1", { step: "upload", signedIn: false }), now + 601 * second, ["readmit"]],
    ["when the time would be over without what was granted", candidate("1", { step: "answering", extraSeconds: 60 }), now + 601 * second, ["release", "grant", "end"]],
  ])("%s", (_, c, at, expected) => expect(names(c, undefined, at)).toEqual(expected));

  it("leaves time and ends to who may grant", () => {
    expect(names(candidate("1", { step: "answering" }), ["assist"])).toEqual(["release"]);
    expect(names(candidate("1", { step: "answering", waivable: ["devices"] }), [])).toEqual([]);
  });

  it("asks for minutes where the time is over: the server refuses a second entry without", () => {
    const [readmit] = measuresFor(candidate("1", { step: "upload", signedIn: false }), times, now + 601 * second, () => true);
    expect(readmit?.minutes).toBe(1);
    expect(readmit?.body("why", 2.5)).toEqual({ reason: "why", seconds: 150 });
  });
});

describe("the log in words", () => {
  it("has words for every kind of event that the server knows", () => {
    const go = ["event.go", "report.go"].map((file) => readFileSync(join(__dirname, "../../exam", file), "utf8")).join("\n");
    const kinds = [...go.matchAll(/EventKind = "([a-z-]+)"/g)].map((m) => m[1]);
    expect(kinds.length).toBeGreaterThan(40);
    expect(knownKinds).toEqual(expect.arrayContaining(kinds));
  });

  it("has words for every reason of takes", () => {
    const source = readFileSync(join(__dirname, "../src/capture/take.ts"), "utf8");
    for (const [type, family] of [["Began", "begin"], ["Ended", "cause"]] as const) {
      const reasons = [...(new RegExp(`export type ${type} =([^;]+);`).exec(source)?.[1] ?? "").matchAll(/\| "([a-z-]+)"/g)].map((m) => m[1]);
      expect(reasons.length, type).toBeGreaterThan(8);
      for (const reason of reasons) expect(isKey(`support.${family}.${reason}`), `${family} ${reason}`).toBe(true);
    }
    expect(isKey("support.cause.never-began")).toBe(true);
  });

  it("fills in everything that a text asks for", () => {
    for (const kind of knownKinds) {
      const { key, values, words } = say({ kind, data: {} });
      const spoken = Object.fromEntries(Object.keys(words).map((name) => [name, "x"]));
      expect(translate("zh-CN", key, { ...values, ...spoken }), kind).not.toMatch(/\{\w+\}/);
    }
  });

  it.each<[string, unknown, string]>([
    ["time-granted", { seconds: 90, reason: "网络" }, "延长 1.5 分钟：网络"],
    ["answering-ended", { by: "staff:li", reason: "违纪" }, "工作人员结束面试：违纪"],
    ["login-approved", { reason: "" }, "登录审核通过"],
    ["login-approved", { reason: "已电话核实" }, "登录审核通过：已电话核实"],
    ["visibility", { visible: false }, "页面被切换或遮住"],
    ["some-day", { x: 1 }, "其他记录：some-day"],
    ["toString", null, "其他记录：toString"],
    ["network", "not an object", "网络恢复"],
  ])("%s %j", (kind, data, text) => {
    const { key, values } = say({ kind, data });
    expect(translate("zh-CN", key, values)).toBe(text);
  });

  it("marks what whoever judges wants to see, and keeps back what comes by itself", () => {
    const event = (kind: string, data: unknown): LogEvent => ({ n: 0, at: now, source: "candidate", kind, data, previous: "" });
    expect(isRemarkable(event("take-ended", { end: { reason: "finished" } }))).toBe(false);
    expect(isRemarkable(event("take-ended", { end: { reason: "share-stopped" } }))).toBe(true);
    expect(isRemarkable(event("clipboard", {}))).toBe(true);
    for (const kind of knownKinds) {
      const e = event(kind, {});
      expect(isTechnical(e) && isRemarkable(e), kind).toBe(false);
    }
    // Never hidden: more displays than one are a finding, not a technicality.
    expect(isTechnical(event("screens", { extended: true }))).toBe(false);
  });

  it("puts what was kept back while there was no network where it happened", () => {
    const event = (n: number, at: number, server?: number): LogEvent => ({ n, at, server, source: "candidate", kind: "focus", data: {}, previous: "" });
    expect(inPlace([event(0, 10), event(1, 20), event(2, 30, 15)]).map((e) => e.n)).toEqual([0, 2, 1]);
  });

  it.each([[0, "0:00"], [59.6, "1:00"], [3725, "1:02:05"], [-3, "0:00"]])("%d seconds are %s", (seconds, text) => expect(lengthOf(seconds)).toBe(text));
});
