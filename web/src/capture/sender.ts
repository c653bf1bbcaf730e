// Sends one take: its media by tus, its chain behind it, until the receipt is here. It never gives up.

import { Upload } from "tus-js-client";
import { getReceipt, putChain, type Addresses } from "./api";
import { toHex } from "./chain";
import type { TakeJournal } from "./journal";
import type { RateMeter } from "./rate";
import { Refused } from "./refused";
import type { Retry } from "./retry";
import { Ahead, JournalSource, Signal } from "./source";
import type { Turns } from "./turns";
import { statusOf, troubleOf, type Trouble } from "./trouble";
import { WatchedStack } from "./tusstack";

/** Bytes of one PATCH: little enough that takes alternate and a cut line costs little. */
const pieceSize = 512 << 10;
/** Records of one PUT. */
const recordsAtOnce = 2000;
/** How long the chain may lie behind the media, in milliseconds. */
const chainEvery = 4000;

/** What the server has is not what the chain says: the take must be sent again under a new name. */
class Differs extends Error {}

export interface SharedLine {
  at: Addresses;
  turns: Turns;
  retry: Retry;
  rate: RateMeter;
}

export class TakeSender {
  /** Bytes the server has acknowledged; a crash there may still take some of them back. */
  sent = 0;
  /** Bytes the server says are safe. */
  stored = 0;
  /** Records of the chain that the server has. */
  verified = 0;
  trouble: Trouble | null = null;
  private readonly grownSignal = new Signal();
  private source: JournalSource | null = null;
  private upload: Upload | null = null;
  private stopped = false;
  private release: () => void = () => undefined;
  private chain: Promise<void> = Promise.resolve();
  private chainSentAt = -Infinity;

  constructor(
    readonly journal: TakeJournal,
    private readonly line: SharedLine,
    /** Whether the server may know the take already. */
    private known: boolean,
    private readonly changed: () => void,
  ) {}

  /** Runs until the receipt is here ("receipt"), the take must be sent anew ("differs"), or stop was called. */
  async run(): Promise<"receipt" | "differs" | "stopped"> {
    for (let failures = 0; !this.stopped; ) {
      const before = this.sent + this.verified;
      try {
        await this.sendMedia();
        await this.sendChain(true);
        await this.fetchReceipt();
        this.setTrouble(null);
        return "receipt";
      } catch (error) {
        if (this.stopped) break;
        if (error instanceof Differs || error instanceof Ahead) return "differs";
        // Its upload was ended there (staff gave it up): only under a new name can it be sent.
        if (statusOf(error) === 410) return "differs";
        failures = this.sent + this.verified > before ? 1 : failures + 1;
        this.setTrouble(troubleOf(error));
        // A wrong offset or a lock that is about to go: HEAD puts that right.
        const passing = [409, 423].includes(statusOf(error) ?? -1) && failures < 4;
        await (passing ? this.line.retry.sleep(200 * failures) : this.line.retry.pause(failures));
      }
    }
    return "stopped";
  }

  /** The journal has more, or has ended. */
  grown(): void {
    this.grownSignal.fire();
  }

  stop(): void {
    this.stopped = true;
    void this.upload?.abort();
    this.source?.close();
    this.release();
    this.line.retry.wake();
  }

  private setTrouble(trouble: Trouble | null): void {
    if (trouble === this.trouble) return;
    this.trouble = trouble;
    this.changed();
  }

  private sendMedia(): Promise<void> {
    const { about } = this.journal;
    this.source = new JournalSource(this.journal, this.grownSignal, async () => {
      this.release();
      this.release = await this.line.turns.take();
      if (this.stopped) this.release();
    });
    const source = this.source;
    const stack = new WatchedStack({
      begun: (method) => method === "PATCH" && this.line.rate.begin(),
      settled: (method, response) => {
        if (method !== "PATCH") return;
        this.release();
        const offset = response !== null && response.getStatus() < 300 ? Number(response.getHeader("Upload-Offset")) : NaN;
        this.line.rate.end(Number.isFinite(offset) ? Math.max(0, offset - this.sent) : 0);
      },
    });
    return new Promise<void>((resolve, reject) => {
      let behind: unknown = null;
      this.upload = new Upload(new Blob(), {
        endpoint: this.line.at.files,
        // Made with the take's own name: asked for again after a lost answer, the server gives the same address.
        uploadUrl: this.known ? this.line.at.files + about.take : null,
        metadata: { take: about.take, attempt: about.attempt, kind: about.kind, mime: about.mime, ...(about.replaces ? { replaces: about.replaces } : {}), startedAt: new Date((about.began.server ?? about.began.wall) / 1000).toISOString() },
        headers: this.line.at.as ? { "Trivue-As": this.line.at.as } : {},
        uploadLengthDeferred: true,
        chunkSize: pieceSize,
        retryDelays: null,
        storeFingerprintForResuming: false,
        fingerprint: async () => null as unknown as string,
        fileReader: { openFile: async () => source },
        httpStack: stack,
        onAfterResponse: (request, response) => {
          if (request.getMethod() !== "HEAD" || response.getStatus() >= 300) return;
          this.acknowledged(Number(response.getHeader("Upload-Offset")));
          if (this.sent > this.journal.bytes) throw new Ahead(`the server has ${this.sent} bytes, the journal ${this.journal.bytes}`);
        },
        onUploadUrlAvailable: () => {
          this.known = true;
        },
        onChunkComplete: (_, accepted) => {
          this.acknowledged(accepted);
          this.setTrouble(null);
          this.sendChain(false).catch((error: unknown) => {
            // What is wrong with the chain for good ends the upload; what may pass is tried again with the next piece.
            behind = error;
            if (error instanceof Differs) {
              void this.upload?.abort();
              reject(error);
            }
          });
        },
        onSuccess: () => resolve(),
        onError: (error) => reject("causingError" in error && error.causingError instanceof Ahead ? error.causingError : (behind instanceof Differs ? behind : error)),
      });
      this.upload.start();
    }).finally(() => {
      source.close();
      this.release();
    });
  }

  private acknowledged(offset: number): void {
    if (!Number.isFinite(offset)) return;
    this.sent = offset;
    this.stored = Math.min(this.stored, offset);
    this.changed();
  }

  /** Sends the records that speak of acknowledged media; all of them, or some when it is time. One request at a time. */
  private sendChain(all: boolean): Promise<void> {
    const mine = this.chain.catch(() => undefined).then(async () => {
      if (!all && performance.now() - this.chainSentAt < chainEvery) return;
      this.chainSentAt = performance.now();
      do {
        const upTo = Math.min(this.journal.recordsWithin(this.sent), this.verified + recordsAtOnce);
        const said = await putChain(this.line.at, this.journal.about.take, this.verified, this.journal.readChain(this.verified, upTo));
        if (said.kind === "differs") throw new Differs("the server's chain is another");
        if (said.kind === "gap" && said.chunks >= this.verified) throw new Refused(409, "a gap where there is none");
        this.verified = said.chunks;
        if (said.kind === "safe") this.stored = said.bytes;
        if (this.verified > this.journal.chainLength) throw new Differs("the server has more of the chain than this disk");
        this.changed();
      } while (all && !this.stopped && this.verified < this.journal.chainLength);
    });
    this.chain = mine;
    return mine;
  }

  private async fetchReceipt(): Promise<void> {
    for (let asked = 1; !this.stopped; asked++) {
      const said = await getReceipt(this.line.at, this.journal.about.take);
      if (said.kind === "differs") throw new Differs("the stored bytes are not what the chain says");
      if (said.kind === "receipt") {
        if (!receiptFits(said.note, this.journal)) throw new Refused(502, "the receipt is for something else");
        await this.journal.keepReceipt(said.note);
        this.changed();
        return;
      }
      // Nothing is missing here: the server is still computing. It says so for as long as it takes.
      await this.line.retry.pause(Math.min(asked, 4));
      if (asked % 8 === 0) throw new Refused(503, "the server still misses something"); // looks again at what it has
    }
  }
}

/** Whether a receipt speaks of exactly this take, its bytes and its chain. */
export function receiptFits(note: string, journal: TakeJournal): boolean {
  const { take, attempt, kind } = journal.about;
  const end = toHex(journal.readChain(journal.chainLength - 1, journal.chainLength).subarray(8));
  const lines = note.split("\n");
  return journal.ended && ["trivue receipt 1", take, attempt, kind, `${journal.bytes} ${journal.chunks.length}`, end].every((line, i) => lines[i] === line);
}
