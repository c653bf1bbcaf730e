// tus-js-client's requests, watched: for silence, for answers that it would take for "this upload is gone", and for a length that
// the server knows already.

import { DefaultHttpStack, type HttpRequest, type HttpResponse, type HttpStack } from "tus-js-client";
import { Refused, Silent } from "./refused";

/** How long a request may go without a byte moving, in milliseconds. A dead connection is otherwise found after minutes. */
const silenceAtMost = 30_000;

export interface Watch {
  begun(method: string): void;
  settled(method: string, response: HttpResponse | null): void;
}

export class WatchedStack implements HttpStack {
  /** Whether the server was told how long the upload is. Told again it answers 400, for ever. */
  lengthKnown = false;
  private readonly inner = new DefaultHttpStack({});

  constructor(
    readonly watch: Watch,
    readonly silence = silenceAtMost,
  ) {}

  createRequest(method: string, url: string): HttpRequest {
    return new WatchedRequest(this, this.inner.createRequest(method, url));
  }

  getName(): string {
    return "trivue";
  }
}

class WatchedRequest implements HttpRequest {
  private progress: (bytes: number) => void = () => undefined;
  private touch: () => void = () => undefined;

  constructor(
    private readonly stack: WatchedStack,
    private readonly inner: HttpRequest,
  ) {
    inner.setProgressHandler((bytes) => {
      this.touch();
      this.progress(bytes);
    });
  }

  getMethod = () => this.inner.getMethod();
  getURL = () => this.inner.getURL();
  getHeader = (name: string) => this.inner.getHeader(name);
  getUnderlyingObject = (): unknown => this.inner.getUnderlyingObject();
  abort = () => this.inner.abort();

  setHeader(name: string, value: string): void {
    if (name === "Upload-Length" && this.stack.lengthKnown) return;
    this.inner.setHeader(name, value);
  }

  setProgressHandler(handler: (bytes: number) => void): void {
    this.progress = handler;
  }

  async send(body: unknown): Promise<HttpResponse> {
    const method = this.getMethod();
    this.stack.watch.begun(method);
    let response: HttpResponse | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      const silence = new Promise<never>((_, reject) => {
        this.touch = () => {
          clearTimeout(timer);
          timer = setTimeout(() => {
            reject(new Silent("no byte moved"));
            void this.inner.abort();
          }, this.stack.silence);
        };
      });
      this.touch();
      response = await Promise.race([this.inner.send(body), silence]);
      this.judge(method, response);
      return response;
    } finally {
      clearTimeout(timer);
      this.touch = () => undefined;
      this.stack.watch.settled(method, response);
    }
  }

  private judge(method: string, response: HttpResponse): void {
    const status = response.getStatus();
    if (method === "POST") this.stack.lengthKnown = false;
    if (method !== "HEAD") return;
    // tus-js-client takes every refusal of HEAD but 423 for "gone", also where a session is over or a proxy finds no server.
    if (status >= 300 && ![404, 410, 423].includes(status)) throw new Refused(status);
    this.stack.lengthKnown = status < 300 && response.getHeader("Upload-Length") != null;
  }
}
