// A server that speaks the candidate's API of docs/interview.md, with one candidate and rules that a test sets as it needs them.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";
import type { SideStatus, SideView } from "../../src/sideview";
import type { Attachment, HelpMessage, Question, State, StepName } from "../../src/candidate/api";
import { all, json, StandIn, type Answer } from "../capture/standin";

const second = 1e6;
const order: StepName[] = ["devices", "login", "phone", "attachments", "pledge", "entry", "confirm", "waiting", "answering", "upload", "finished"];
const sha = (content: string | Buffer) => createHash("sha256").update(content).digest("hex");

/** A PDF with one line of text, whole enough for every viewer. */
function pdf(): Buffer {
  const objects = ["<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 400]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>", "", "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"];
  const text = "BT /F1 22 Tf 60 320 Td (Notice to candidates) Tj ET";
  objects[3] = `<</Length ${text.length}>>stream\n${text}\nendstream`;
  let body = "%PDF-1.4\n";
  const offsets = objects.map((object, n) => {
    const at = body.length;
    body += `${n + 1} 0 obj${object}endobj\n`;
    return at;
  });
  const start = body.length;
  body += `xref\n0 6\n0000000000 65535 f \n${offsets.map((at) => `${String(at).padStart(10, "0")} 00000 n \n`).join("")}trailer<</Size 6/Root 1 0 R>>\nstartxref\n${start}\n%%EOF`;
  return Buffer.from(body, "latin1");
}

const documents: Record<string, { title: string; mime: string; content: Buffer }> = {
  notice: { title: "考试须知", mime: "application/pdf", content: pdf() },
  rules: { title: "面试纪律", mime: "text/markdown", content: Buffer.from("# 面试纪律\n\n1. 独立作答，**不得**查阅资料。\n2. 不得透露个人信息。\n\n<script>window.injected = 1</script>\n\n[链接](javascript:window.injected=2)") },
};
const pledgeText = "本人**郑重承诺**：\n\n1. 所提供的个人信息、证明材料真实、准确。\n2. 自觉遵守考试纪律，诚实守信，独立完成面试。\n3. 不抄录、复制或传播考试内容。\n\n如有违反，愿意承担相应责任。";
const picture = `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 21 21"><rect width="21" height="21" fill="#fff"/>${[...Array(441).keys()].filter((n) => (n * 7919 + (n >> 3)) % 5 < 2).map((n) => `<rect x="${n % 21}" y="${Math.floor(n / 21)}" width="1" height="1"/>`).join("")}</svg>`)}`;

/** The page's own policy, as the server sends it. */
export function pagePolicy(): string {
  const source = readFileSync(fileURLToPath(new URL("../../handler.go", import.meta.url)), "utf8");
  const text = /const policy = ((?:"[^"]*"[ +\n\t]*)+)/.exec(source)![1]!;
  return [...text.matchAll(/"([^"]*)"/g)].map((match) => match[1]).join("");
}

export class Server extends StandIn {
  signedIn = false;
  login: State["attempt"]["login"] = { state: "" };
  done: Partial<Record<StepName, number>> = {};
  skip: StepName[] = [];
  rehearsal = false;
  timing: "question" | "paper" = "question";
  /** The start, and the length of each of two questions, by the server's clock. */
  start_ = 0;
  length = 600 * second;
  prepare = 20 * second;
  ended: State["attempt"]["ended"] = null;
  acknowledged: Record<string, number> = {};
  stills: Record<string, number> = {};
  pictures: Record<string, Buffer> = {};
  help: HelpMessage[] = [];
  results: unknown = null;
  /** Refusals that the next request of a kind gets, as often as is said. */
  refuse: Record<string, { status: number; body: object; times: number }> = {};
  /** Without a stream, as behind some proxies. */
  noStream = false;
  reentered = 0;
  /** The phone that films. */
  bound: SideView | null = null;
  anotherAsked = false;
  /** Whether it has still something to send when the laptop has not. */
  phoneSends = false;
  laptopSent: number | null = null;
  private readonly streams = new Set<ServerResponse>();
  private readonly runs = new Set<string>();

  constructor(pages: string) {
    super(pages, pagePolicy());
  }

  now = () => Date.now() * 1000 + this.ahead;

  /** Puts the start so many seconds from now. */
  startIn(seconds: number): void {
    this.start_ = this.now() + seconds * second;
  }

  /** Every step before one is done. */
  upTo(step: StepName): void {
    this.signedIn = true;
    this.login = { state: "approved" };
    for (const each of order.slice(0, order.indexOf(step))) if (each !== "waiting" && each !== "answering") this.done[each] = this.now();
    if (order.indexOf(step) > order.indexOf("attachments")) for (const id of Object.keys(documents)) this.acknowledged[id] = this.now();
  }

  get times(): State["times"] {
    if (this.start_ === 0) return null;
    const end = this.start_ + 2 * this.length;
    return { login: this.start_ - 1800 * second, entry: this.start_ - 900 * second, start: this.start_, end, upload: end + 3600 * second };
  }

  get step(): StepName {
    const now = this.now();
    const { times } = this;
    if (this.ended || (times && this.done.entry && now >= times.end)) return this.done.upload ? "finished" : "upload";
    const isDone = (step: StepName) => (step === "login" ? this.login.state === "approved" : step === "waiting" ? times !== null && now >= times.start : step === "answering" ? false : Boolean(this.done[step]));
    return order.find((step) => !this.skip.includes(step) && !isDone(step))!;
  }

  get questions(): Question[] {
    const texts = ["请谈谈你对**公共服务**的理解，并结合一次亲身经历说明：\n\n- 当时遇到了什么困难？\n- 你是怎样解决的？\n\n<img src=x onerror=\"window.injected = 3\">", "如果同事在工作中与你意见不一，你会如何处理？"];
    return texts.map((text, n) => {
      const from = this.timing === "paper" ? this.start_ : this.start_ + n * this.length;
      return { id: `q${n + 1}`, number: n + 1, text, from, answerFrom: this.timing === "paper" ? from : from + this.prepare, until: this.timing === "paper" ? this.start_ + 2 * this.length : from + this.length };
    });
  }

  get released(): Question[] {
    return this.done.entry ? this.questions.filter((question) => question.from <= this.now()) : [];
  }

  get state(): State {
    const { times, step } = this;
    const now = this.now();
    const attachments: Attachment[] = Object.entries(documents).map(([id, { title, mime, content }]) => ({ id, title, mime, size: content.length, sha256: sha(content), acknowledged: this.acknowledged[id] }));
    const blocked = step === "entry" && times ? (now < times.entry ? { code: "too-early", from: times.entry } : now >= times.start ? { code: "too-late" } : undefined) : undefined;
    return {
      serverTime: now, exam: { id: "demo", title: "2026 年度公开招聘面试（综合岗）", rehearsal: this.rehearsal, support: "010-8888 6666" }, times,
      policy: { skip: this.skip, face: "shown", timing: this.timing }, candidate: { ticket: "20260018", name: "李明" },
      attempt: { id: "a1", step, steps: order.filter((each) => !this.skip.includes(each)), waived: [], done: this.done, login: this.login, blocked, reentered: this.reentered, extraSeconds: 0, ended: this.ended, stills: this.stills, laptopSent: this.laptopSent },
      phone: this.skip.includes("phone") ? null : { ...(this.bound && !this.anotherAsked ? {} : { code: "K7QF2MRT", url: "https://mianshi.example.cn/phone?code=K7QF2MRT", qr: picture }), bound: this.bound },
      attachments, pledge: { text: pledgeText, sha256: sha(pledgeText) }, help: this.help, questions: { total: 2, released: this.released.length },
    };
  }

  get released_() {
    const next = this.questions.find((question) => question.from > this.now())?.from ?? null;
    return { serverTime: this.now(), total: 2, next, ends: this.times?.end ?? 0, questions: this.released };
  }

  /** Tells every open page how things stand. */
  push(): void {
    for (const stream of this.streams) {
      stream.write(`event: state\ndata: ${JSON.stringify(this.state)}\n\n`);
      if (this.released.length > 0) stream.write(`event: questions\ndata: ${JSON.stringify(this.released_)}\n\n`);
    }
  }

  /** Has a phone join that films and is heard now, as far as nothing else is said. */
  joinPhone(change: Partial<SideView> = {}, status: Partial<SideStatus> = {}): void {
    const now = this.now();
    const films: SideStatus = {
      stage: "film", recording: true, hidden: false, battery: { level: 0.82, charging: true }, network: { online: true, type: "wifi", downlink: 10, rtt: 40 },
      unsent: { bytes: 640_000, seconds: 2 }, trouble: null, space: "enough", ...status,
    };
    this.bound = { at: now, agent: "phone", pan: { at: now, degrees: 344, way: "sensor" }, placedAt: now, endedAt: null, heard: now, still: null, ...change, status: films };
    this.anotherAsked = false;
  }

  /** Tells every open page what the phone says. */
  pushPhone(): void {
    for (const stream of this.streams) stream.write(`event: phone\ndata: ${JSON.stringify(this.bound)}\n\n`);
  }

  /** Ends the session, as support's release does. */
  signOut(): void {
    this.signedIn = false;
    for (const stream of this.streams) stream.end("event: bye\ndata: {}\n\n");
    this.streams.clear();
  }

  protected async answer(request: IncomingMessage, url: URL, response: ServerResponse): Promise<Answer | null> {
    const [, path = ""] = /^\/api\/candidate\/(.*)$/.exec(url.pathname) ?? [];
    const refused = this.refuse[path];
    if (refused && refused.times > 0) {
      refused.times--;
      return json(refused.status, { status: refused.status, ...refused.body });
    }
    const open = url.pathname.startsWith("/api/") && ["clock", "probe", "login"].includes(path);
    if (path === "exams/demo") return json(200, { serverTime: this.now(), id: "demo", title: this.state.exam.title, rehearsal: this.rehearsal, support: this.state.exam.support, times: this.times, skip: this.skip, face: "shown" });
    if (path.startsWith("exams/")) return json(404, { code: "not-found" });
    if (!open && !this.signedIn) return json(401, { code: "unauthorized" });
    if (path === "live") return this.stream(response);
    if (path === "state") return json(200, this.state);
    if (path === "questions") return json(200, this.released_);
    if (path === "takes") return json(200, { takes: [...this.takes].map(([take, stored]) => ({ take, kind: stored.meta.kind, state: "", bytes: stored.durable, size: stored.length, chunks: stored.chain.length / 40, receipt: stored.receipt !== null })) });
    if (path === "phone") {
      this.anotherAsked = true;
      return json(200, this.state);
    }
    if (path === "phone/still") return { status: 200, body: this.pictures.phone ?? Buffer.alloc(0), headers: { "Content-Type": "image/jpeg" } };
    if (path === "probe" && request.method === "GET") return { status: 200, body: Buffer.alloc(Number(url.searchParams.get("bytes")), "x") };
    if (path.startsWith("attachments/")) {
      const document = documents[path.slice("attachments/".length)];
      return document ? { status: 200, body: document.content, headers: { "Content-Type": document.mime } } : json(404, {});
    }
    if (["probe", "login", "session", "help"].includes(path) || path.startsWith("steps/") || path.startsWith("stills/")) return this.take(path, await all(request));
    return super.answer(request, url, response);
  }

  private stream(response: ServerResponse): Answer | null {
    if (this.noStream) return json(502, {});
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    this.streams.add(response);
    response.on("close", () => this.streams.delete(response));
    response.write(`event: state\ndata: ${JSON.stringify(this.state)}\n\n`);
    if (this.released.length > 0) response.write(`event: questions\ndata: ${JSON.stringify(this.released_)}\n\n`);
    return null;
  }

  private take(path: string, body: Buffer): Answer {
    if (path === "probe") return json(200, { bytes: body.length });
    if (path.startsWith("stills/")) {
      this.pictures[path.slice(7)] = body;
      this.stills[path.slice(7)] = this.now();
      return { status: 204 };
    }
    const value = body.length > 0 ? (JSON.parse(body.toString()) as Record<string, string>) : {};
    if (path === "session") {
      this.signedIn = false;
      this.login = { state: "" };
      return { status: 204 };
    }
    if (path === "help") {
      this.help = [...this.help, { at: this.now(), from: "candidate", text: value.text! }];
      return { status: 204 };
    }
    if (path === "login") {
      if (value.ticket !== "20260018" || value.idTail !== "123X") return json(401, { code: "unknown" });
      this.signedIn = true;
      if (this.login.state !== "approved") this.login = { state: "waiting" };
      return json(201, this.state);
    }
    return this.doStep(path.slice("steps/".length) as StepName, value);
  }

  private doStep(step: StepName, value: Record<string, string>): Answer {
    const now = this.now();
    const refuse = (code: string, more = {}) => json(409, { status: 409, code, ...more });
    if (step === "devices") this.results = value.results;
    if (step === "attachments") {
      if (sha(documents[value.id!]!.content) !== value.sha256) return refuse("hash-differs");
      this.acknowledged[value.id!] = now;
      if (Object.keys(this.acknowledged).length < Object.keys(documents).length) return json(200, this.state);
    }
    if (step === "pledge" && value.name !== "李明") return refuse("name-differs");
    if (step === "entry") {
      this.runs.add(value.run!);
      if (this.done.entry) this.reentered = this.runs.size - 1;
      else if (this.start_ === 0) this.startIn(90);
      else if (now >= this.start_) return refuse("too-late");
    }
    if (step === "answering") this.ended ??= { at: now, by: "candidate" };
    else if (step === "upload") {
      if (![...this.takes.values()].every((take) => take.receipt)) return refuse("incomplete", { detail: "a take" });
      this.laptopSent ??= now;
      if (!this.phoneSends) this.done.upload = now;
    } else this.done[step] ??= now;
    return json(200, this.state);
  }
}
