// What the worker does: journals what the page records, and sends it. It is the only one who touches the disk.

import type { Addresses } from "./api";
import { InUse, NoSpace, type Folder } from "./disk";
import { TakeJournal } from "./journal";
import { Take, type Write } from "./live";
import { Outbox } from "./outbox";
import type { FromWorker, ToWorker } from "./protocol";
import { RateMeter } from "./rate";
import { Reserve } from "./reserve";
import { copyTake } from "./resend";
import { Retry } from "./retry";
import { TakeSender, type SharedLine } from "./sender";
import { Space } from "./space";
import type { About, End, Stamp } from "./take";
import { Turns } from "./turns";

/** An earlier page needs a moment to let go of its files. */
const letGo = { tries: 40, pause: 250 };

export class Engine {
  private readonly takes = new Map<string, Take>();
  /** Takes that found no space to begin, with what was recorded of them. */
  private readonly waiting = new Map<string, { about: About; writes: Write[] }>();
  private queue: Promise<void> = Promise.resolve();
  private readonly told = new Map<string, string>();
  private readonly line: SharedLine;
  private readonly space: Space;
  private folder!: Folder;
  private outbox!: Outbox;
  private closed = false;

  private constructor(
    private readonly attempt: string,
    at: Addresses,
    reserve: Reserve,
    private readonly say: (message: FromWorker) => void,
  ) {
    this.line = { at, turns: new Turns(), retry: new Retry(), rate: new RateMeter() };
    this.space = new Space(reserve, () => this.removeOldest(), () => this.say({ type: "space", space: this.space.state }));
  }

  static async open(root: Folder, order: Extract<ToWorker, { type: "open" }>, say: (message: FromWorker) => void): Promise<Engine> {
    const reserve = await patiently(() => Reserve.open(root, order.reserve));
    const engine = new Engine(order.attempt, order.at, reserve, say);
    engine.folder = await root.folder("takes");
    const events = await root.folder("events");
    engine.outbox = await patiently(() => Outbox.open(events, order.attempt, order.at, engine.line.retry, () => engine.tellEvents()), () => engine.space.makeRoom(true));
    void engine.outbox.run();
    engine.tellEvents();
    return engine;
  }

  /** Carries orders out one after the other, as they were given. Waking waits for nobody. */
  handle(order: ToWorker): Promise<void> {
    if (order.type !== "wake") return this.inTurn(() => this.carryOut(order));
    this.line.retry.wake();
    return Promise.resolve();
  }

  private inTurn(work: () => Promise<void>): Promise<void> {
    const mine = this.queue.then(work);
    this.queue = mine.catch(() => undefined);
    return mine;
  }

  private async carryOut(order: Exclude<ToWorker, { type: "wake" }>): Promise<void> {
    switch (order.type) {
      case "open":
        return;
      case "recover":
        return this.recover(order.left);
      case "begin":
        if (!(await this.begin(order.about))) this.waiting.set(order.about.take, { about: order.about, writes: [] });
        return this.tellHeld();
      case "chunk":
        return this.write(order.take, { data: order.data, ms: order.ms });
      case "end":
        return this.write(order.take, { end: order.end, ms: order.ms });
      case "event":
        return this.outbox.add(order.event);
      case "forget":
        while ((await this.removeOldest()) > 0);
        return;
      case "export":
        return this.export(order.take);
      case "close":
        return this.close();
    }
  }

  /** About once a second, also while the page is hidden. */
  async tick(): Promise<void> {
    this.say({ type: "tick" });
    if (this.closed) return;
    this.say({ type: "rate", rate: this.line.rate.rate });
    for (const take of this.takes.values()) if (take.held > 0) take.flush();
    await this.inTurn(() => this.beginWaiting());
    await this.space.look();
  }

  private take(name: string): Take {
    const take = this.takes.get(name);
    if (!take) throw new Error(`there is no take ${name}`);
    return take;
  }

  /** Gives whether there was space to begin it. */
  private async begin(about: About): Promise<boolean> {
    for (;;) {
      try {
        const journal = await TakeJournal.create(this.folder, about);
        this.tellBegin(journal);
        this.add(journal, true);
        return true;
      } catch (error) {
        if (!(error instanceof NoSpace)) throw error;
        if ((await this.space.makeRoom()) > 0) continue;
        return false;
      }
    }
  }

  /** Begins what found no space to begin: meanwhile other takes may have ended, been signed for and removed. */
  private async beginWaiting(): Promise<void> {
    for (const [name, { about, writes }] of this.waiting) {
      if (!(await this.begin(about))) return;
      this.waiting.delete(name);
      for (const write of writes) this.write(name, write);
    }
  }

  private write(name: string, write: Write): void {
    const waiting = this.waiting.get(name);
    if (waiting) {
      waiting.writes.push(write);
      this.tellHeld();
      return;
    }
    const take = this.take(name);
    if ("end" in write) this.tellEnd(take.journal, write.end, write.ms);
    take.add(write);
  }

  /** What waits in memory for space on the disk. */
  private tellHeld(): void {
    let held = 0;
    for (const take of this.takes.values()) held += take.held;
    for (const { writes } of this.waiting.values()) held += writes.reduce((sum, write) => sum + ("data" in write ? write.data.size : 0), 1);
    this.space.holds(held);
  }

  private add(journal: TakeJournal, live: boolean): Take {
    const take: Take = new Take(
      journal,
      live,
      async (toEnd) => (await this.space.makeRoom(toEnd)) > 0,
      () => this.progress(take),
      (error) => this.say({ type: "failed", message: String(error) }),
    );
    this.takes.set(journal.about.take, take);
    this.tell(take);
    return take;
  }

  /** A take is made known to the server with its first bytes; one that ends without any is nothing. */
  private progress(take: Take): void {
    if (take.journal.bytes > 0) this.send(take, false);
    else if (take.journal.ended && !take.live && this.takes.has(take.journal.about.take)) return void this.remove(take, "empty");
    this.tell(take);
  }

  private send(take: Take, known: boolean): void {
    if (take.sending || take.journal.about.attempt !== this.attempt || take.journal.receipt !== null) return;
    take.sending = true;
    take.sender = new TakeSender(take.journal, this.line, known, () => this.tell(take));
    void take.sender.run().then((how) => (how === "differs" ? this.resend(take) : this.tell(take)));
  }

  /** Sends a take again under a new name, once it has ended: the chain of one that is being recorded is bound to its name. */
  private async resend(take: Take): Promise<void> {
    take.sender = null;
    for (let failures = 1; !this.closed; failures++) {
      if (take.journal.ended) {
        try {
          const { copy, damaged } = await copyTake(this.folder, take.journal);
          this.tellBegin(copy);
          this.tellEnd(copy, copy.end!, copy.length, damaged);
          const fresh = this.add(copy, false);
          fresh.damaged = damaged;
          await this.remove(take, "resent");
          this.send(fresh, false);
          return;
        } catch (error) {
          if (!(error instanceof NoSpace)) this.say({ type: "failed", message: String(error) });
          else if ((await this.space.makeRoom()) > 0) continue;
        }
      }
      await this.line.retry.pause(Math.min(failures, 4));
    }
  }

  private async recover(left: Record<string, Stamp>): Promise<void> {
    const replaced = new Set<string>();
    const found: TakeJournal[] = [];
    for (const name of await this.folder.list()) {
      if (this.takes.has(name)) continue;
      const journal = await patiently(() => TakeJournal.recover(this.folder, name), () => this.space.makeRoom(true));
      // A copy that a crash left half made: what it is a copy of is still here.
      const half = journal?.about.replaces !== undefined && !journal.ended;
      if (journal === null || half || (journal.chunks.length === 0 && !journal.ended)) {
        if (journal && !half) this.tellLost(journal, left[name]);
        journal?.close();
        await this.folder.remove(name);
        continue;
      }
      if (journal.about.replaces) replaced.add(journal.about.replaces);
      found.push(journal);
    }
    found.sort((a, b) => a.about.began.wall - b.about.began.wall);
    for (const journal of found) {
      if (replaced.has(journal.about.take)) {
        journal.close();
        await this.folder.remove(journal.about.take);
        continue;
      }
      const take = this.add(journal, false);
      this.send(take, true);
      if (journal.ended) continue;
      const end = this.tellLost(journal, left[journal.about.take]);
      take.add({ end: journal.end ?? end, ms: journal.lastMs });
    }
    this.say({ type: "recovered" });
  }

  /** How a take ended of which the page could not say so: it was left, or stopped without a word. */
  private tellLost(journal: TakeJournal, left: Stamp | undefined): End {
    const { began } = journal.about;
    const after = (clock: number) => clock + journal.lastMs * 1000;
    const end: End = left
      ? { ...left, reason: "page-left" }
      : { wall: after(began.wall), monotonic: after(began.monotonic), server: began.server === null ? null : after(began.server), reason: "lost" };
    this.tellBegin(journal);
    this.tellEnd(journal, journal.end ?? end, journal.lastMs);
    return end;
  }

  // What takes say of themselves reaches the server as events; their identifiers make it harmless to say it again.

  private tellBegin(journal: TakeJournal): void {
    const { about } = journal;
    if (about.attempt === this.attempt) this.outbox.add({ id: `${about.take}-began`, kind: "take-began", wall: about.began.wall, server: about.began.server, data: about });
  }

  private tellEnd(journal: TakeJournal, end: End, ms: number, damaged = 0): void {
    const { take, attempt } = journal.about;
    if (attempt === this.attempt) this.outbox.add({ id: `${take}-ended`, kind: "take-ended", wall: end.wall, server: end.server, data: { take, end, ms: Math.round(ms), damaged } });
  }

  private async removeOldest(): Promise<number> {
    for (const take of this.takes.values()) {
      if (take.live || take.journal.receipt === null) continue;
      const { bytes } = take.journal;
      await this.remove(take, "receipt");
      return Math.max(1, bytes);
    }
    return 0;
  }

  private async remove(take: Take, why: "receipt" | "resent" | "empty"): Promise<void> {
    const name = take.journal.about.take;
    this.takes.delete(name);
    take.journal.close();
    await this.folder.remove(name);
    this.told.delete(name);
    this.say({ type: "removed", take: name, why });
  }

  private async export(name: string): Promise<void> {
    const journal = this.takes.get(name)?.journal;
    const parts: Blob[] = [];
    for (let at = 0; journal && at < journal.bytes; at += 4 << 20) parts.push(new Blob([journal.read(at, 4 << 20)]));
    this.say({ type: "exported", take: name, media: journal ? new Blob(parts, { type: journal.about.mime }) : null });
  }

  private tell(take: Take): void {
    const { state } = take;
    const text = JSON.stringify(state);
    if (this.told.get(state.take) === text) return;
    this.told.set(state.take, text);
    this.say({ type: "take", take: state });
    this.tellHeld();
  }

  private tellEvents(): void {
    this.say({ type: "events", pending: this.outbox.pending, dropped: this.outbox.dropped, trouble: this.outbox.trouble });
  }

  private close(): void {
    this.closed = true;
    for (const take of this.takes.values()) {
      take.sender?.stop();
      take.journal.close();
    }
    this.outbox.stop();
  }
}

/** Opens what an earlier page, which is about to go, may still have open, or what a full disk does not let be opened. */
async function patiently<T>(open: () => Promise<T>, makeRoom?: () => Promise<number>): Promise<T> {
  for (let left = letGo.tries; ; left--) {
    try {
      return await open();
    } catch (error) {
      const full = error instanceof NoSpace && makeRoom !== undefined;
      if (!(error instanceof InUse || full) || left === 0) throw error;
      if (!full || (await makeRoom()) === 0) await new Promise((resolve) => setTimeout(resolve, letGo.pause));
    }
  }
}
