// A server that speaks docs/interview.md as far as capture is concerned, with tus as tusd speaks it, and that fails on demand.

import { createHash } from "node:crypto";
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { extname, join } from "node:path";

const sha = (...parts: (Buffer | string)[]) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

interface Stored {
  meta: Record<string, string>;
  media: Buffer;
  /** What a crash does not take back. */
  durable: number;
  length: number | null;
  chain: Buffer;
  receipt: string | null;
}

export class StandIn {
  readonly takes = new Map<string, Stored>();
  /** Events by identifier, with how often each was sent. */
  readonly events = new Map<string, { times: number; event: { id: string; kind: string; wall: number; server: number | null; data: any } }>();
  readonly requests: string[] = [];
  /** Errors in what was sent, which a right client never makes. */
  readonly wrongs: string[] = [];
  faults = {
    /** Cuts the connection after so many bytes of the next PATCH. */
    cutPatchAfter: null as number | null,
    /** Carries out this many requests of a method and then resets the connection instead of answering. */
    loseAnswer: {} as Record<string, number>,
    /** Keeps this many bytes at most of each PATCH, and says so. */
    truncateTo: Infinity,
    /** Milliseconds before each answer. */
    delay: 0,
    /** Answers so to everything but pages, while set. */
    status: 0,
    /** Says "missing" to so many questions for a receipt. */
    receiptLater: 0,
  };
  /** What the server's clock is ahead of this machine's, in microseconds. */
  ahead = 0;
  private readonly sockets = new Set<Socket>();
  private server: Server | null = null;
  private port = 0;

  constructor(
    private readonly pages: string,
    private readonly policy = "default-src 'self'; media-src 'self' blob:",
  ) {}

  get address(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      this.serve(request, response).catch((error: unknown) => {
        if (!response.destroyed && !response.headersSent) response.writeHead(500).end(String(error));
      });
    });
    server.on("connection", (socket) => {
      this.sockets.add(socket);
      socket.on("close", () => this.sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(this.port, "127.0.0.1", resolve));
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  /** Stops in the middle of whatever it does, and forgets what was not yet safe. */
  async crash(): Promise<void> {
    const server = this.server;
    if (!server) return;
    this.server = null;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.sockets) socket.resetAndDestroy();
    await closed;
    for (const take of this.takes.values()) {
      take.media = take.media.subarray(0, take.durable);
      if (take.receipt === null && take.length !== null && take.media.length < take.length) take.length = null;
    }
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, this.address);
    const api = url.pathname.startsWith("/api/") || url.pathname.startsWith("/files/");
    if (!api) return this.page(url.pathname, response);
    this.requests.push(`${request.method} ${url.pathname}`);
    if (this.faults.delay > 0) await new Promise((resolve) => setTimeout(resolve, this.faults.delay));
    if (this.faults.status > 0) return void response.writeHead(this.faults.status).end();
    const answer = await this.answer(request, url, response);
    const lose = this.faults.loseAnswer[request.method!] ?? 0;
    if (lose > 0) {
      this.faults.loseAnswer[request.method!] = lose - 1;
      return void request.socket.resetAndDestroy();
    }
    if (answer) response.writeHead(answer.status, { "Tus-Resumable": "1.0.0", "Cache-Control": "no-store", ...answer.headers }).end(answer.body);
  }

  private page(path: string, response: ServerResponse): void {
    const file = join(this.pages, path === "/" ? "index.html" : path);
    if (!existsSync(file) || !statSync(file).isFile()) return void response.writeHead(404).end();
    const types: Record<string, string> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };
    response.writeHead(200, { "Content-Type": types[extname(file)] ?? "application/octet-stream", "Content-Security-Policy": this.policy });
    createReadStream(file).pipe(response);
  }

  /** Null where the connection was dealt with otherwise. */
  protected async answer(request: IncomingMessage, url: URL, _response: ServerResponse): Promise<Answer | null> {
    if (url.pathname.startsWith("/files/")) return this.tus(request, url.pathname.slice("/files/".length));
    const body = request.method === "GET" ? Buffer.alloc(0) : await all(request);
    if (url.pathname === "/api/candidate/clock") return json(200, { now: Date.now() * 1000 + this.ahead });
    if (url.pathname === "/api/candidate/events") return this.takeEvents(body);
    const [, name, what] = /^\/api\/candidate\/takes\/([0-9a-f]{32})\/(chain|receipt)$/.exec(url.pathname) ?? [];
    const take = this.takes.get(name ?? "");
    if (!take) return json(404, {});
    return what === "chain" ? this.addChain(name!, take, Number(url.searchParams.get("from")), body) : this.sign(name!, take);
  }

  private async tus(request: IncomingMessage, name: string): Promise<Answer | null> {
    const head = (key: string) => request.headers[key.toLowerCase()] as string | undefined;
    if (request.method === "POST" && name === "") {
      const meta = Object.fromEntries((head("Upload-Metadata") ?? "").split(",").map((pair) => [pair.split(" ")[0]!, Buffer.from(pair.split(" ")[1] ?? "", "base64").toString()]));
      if (!/^[0-9a-f]{32}$/.test(meta.take ?? "") || head("Upload-Defer-Length") !== "1") return this.wrong(400, "creation");
      if (!this.takes.has(meta.take!)) this.takes.set(meta.take!, { meta, media: Buffer.alloc(0), durable: 0, length: null, chain: Buffer.alloc(0), receipt: null });
      return { status: 201, headers: { Location: `/files/${meta.take}` } };
    }
    const take = this.takes.get(name);
    if (!take) return { status: 404 };
    if (request.method === "HEAD") {
      const length: Record<string, string> = take.length === null ? { "Upload-Defer-Length": "1" } : { "Upload-Length": String(take.length) };
      return { status: 200, headers: { "Upload-Offset": String(take.media.length), ...length } };
    }
    if (request.method !== "PATCH") return { status: 405 };
    if (Number(head("Upload-Offset")) !== take.media.length) return { status: 409 };
    if (take.length === take.media.length) return { status: 204, headers: { "Upload-Offset": String(take.media.length) } };
    const length = head("Upload-Length");
    if (length !== undefined && take.length !== null) return this.wrong(400, "Upload-Length told twice");
    if (length !== undefined) take.length = Number(length);
    let kept = 0;
    for await (const part of request as AsyncIterable<Buffer>) {
      const cut = this.faults.cutPatchAfter;
      const room = Math.min(this.faults.truncateTo - kept, cut === null ? Infinity : cut - kept);
      const piece = part.subarray(0, Math.max(0, room));
      take.media = Buffer.concat([take.media, piece]);
      kept += piece.length;
      if (cut !== null && kept >= cut) {
        this.faults.cutPatchAfter = null;
        request.socket.resetAndDestroy();
        return null;
      }
    }
    if (take.length !== null && take.media.length > take.length) return this.wrong(400, "more than the length");
    return { status: 204, headers: { "Upload-Offset": String(take.media.length) } };
  }

  private wrong(status: number, what: string): Answer {
    this.wrongs.push(what);
    return { status, body: what };
  }

  private addChain(name: string, take: Stored, from: number, records: Buffer): Answer {
    const have = take.chain.length / 40;
    if (records.length % 40 !== 0) return this.wrong(400, "half a record");
    if (from > have) return json(409, { code: "gap", chunks: have });
    const overlap = Math.min(records.length, (have - from) * 40);
    if (!take.chain.subarray(from * 40, from * 40 + overlap).equals(records.subarray(0, overlap))) return json(409, { code: "differs", chunk: from });
    const chain = Buffer.concat([take.chain, records.subarray(overlap)]);
    const found = check(name, take, chain);
    if (found.beyond) return this.wrong(409, "chain speaks of media that is not here");
    if (found.differs !== null) return json(409, { code: "differs", chunk: found.differs });
    take.chain = chain;
    take.durable = take.media.length;
    return json(200, { bytes: take.durable, chunks: take.chain.length / 40 });
  }

  private sign(name: string, take: Stored): Answer {
    if (this.faults.receiptLater > 0) {
      this.faults.receiptLater--;
      return json(202, { missing: { bytes: 0 } });
    }
    const found = check(name, take, take.chain);
    if (found.differs !== null) return json(409, { chunk: found.differs, offset: 0 });
    if (!found.ended || take.length !== take.media.length) return json(202, { missing: {} });
    take.receipt = ["trivue receipt 1", name, take.meta.attempt, take.meta.kind, `${take.media.length} ${take.chain.length / 40 - 1}`, take.chain.subarray(-32).toString("hex"), "", "— stand-in signature", ""].join("\n");
    return { status: 200, body: take.receipt };
  }

  private takeEvents(body: Buffer): Answer {
    const events = JSON.parse(body.toString()) as { id: string; kind: string; wall: number; server: number | null; data: unknown }[];
    if (events.length > 100) return this.wrong(413, "too many events");
    for (const event of events) this.events.set(event.id, { times: (this.events.get(event.id)?.times ?? 0) + 1, event });
    return json(200, { taken: events.map((event) => event.id) });
  }
}

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

export const json = (status: number, value: unknown): Answer => ({ status, body: JSON.stringify(value), headers: { "Content-Type": "application/json" } });

export async function all(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts);
}

/** Computes the chain over what is stored, by other code than the browser's. */
function check(name: string, take: Stored, chain: Buffer): { differs: number | null; ended: boolean; beyond: boolean } {
  let link = sha(`trivue chain 1\n${name}\n${take.meta.kind}\n${take.meta.mime}\n`);
  let offset = 0;
  for (let n = 0; n * 40 < chain.length; n++) {
    const record = chain.subarray(n * 40, n * 40 + 40);
    const size = record.readUInt32LE(0);
    if (offset + size > take.media.length) return { differs: null, ended: false, beyond: true };
    link = sha(link, record.subarray(0, 8), sha(take.media.subarray(offset, offset + size)));
    if (!link.equals(record.subarray(8))) return { differs: n, ended: false, beyond: false };
    if (size === 0) return { differs: n * 40 + 40 === chain.length && offset === take.media.length ? null : n, ended: true, beyond: false };
    offset += size;
  }
  return { differs: null, ended: false, beyond: false };
}
