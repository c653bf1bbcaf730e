// The panel of recordings on their way to the server: bars, speed, time left, and the way out where nothing helps.

import type { CaptureState, Capture } from "../capture/capture";
import { sideDone, silentFor } from "../sideview";
import { api, type ServerTake, type State } from "./api";
import { button, element, setText, show } from "./element";
import { bytes, countdown, speed } from "./measures";
import type { Page } from "./page";
import { phone, progress, secondsLeft } from "./recordings";

const askEvery = 5;

export class TransferPanel {
  readonly element: HTMLElement;
  private readonly rows;
  private readonly phoneRow = element("li", { class: "transfer-row", data: { transfer: "phone" }, hidden: true });
  private readonly phoneSaid = element("span", { class: "said" });
  private readonly pace = element("p", { class: "hint", data: { testid: "pace" } });
  private readonly saving = element("details", { class: "saving" });
  private readonly saved = element("p", { class: "hint", role: "status" });
  private serverTakes: ServerTake[] = [];
  private seconds = 0;

  constructor(private readonly page: Page) {
    const { t } = page;
    const row = (kind: "camera" | "screen") => {
      const bar = element("progress", { max: 1, value: 0, "aria-label": t("send.progress", { kind: t(`kind.${kind}`) }) });
      const said = element("span", { class: "said" });
      return { kind, bar, said, item: element("li", { class: "transfer-row", data: { transfer: kind } }, element("strong", {}, t(`send.${kind}`)), said, bar) };
    };
    this.rows = [row("camera"), row("screen")];
    this.phoneRow.append(element("strong", {}, t("send.phone")), this.phoneSaid);
    const save = button(t("send.save"), () => this.save(), { data: { testid: "export" } });
    this.saving.append(element("summary", {}, t("send.lastResort")), element("p", {}, t("send.lastResortText")), element("div", { class: "actions" }, save), this.saved);
    this.element = element("div", { class: "panel" }, element("ul", { class: "transfers" }, ...this.rows.map((each) => each.item), this.phoneRow), this.pace, this.saving);
  }

  update(): void {
    const { page } = this;
    const { t, captured, state } = page;
    if (!captured || !state) return;
    const lines = progress(captured, state.attempt.id);
    for (const { kind, bar, said, item } of this.rows) {
      const line = lines.find((each) => each.kind === kind)!;
      const part = line.recorded > 0 ? line.safe / line.recorded : 0;
      bar.value = line.takes === 0 ? 0 : line.signed ? 1 : Math.min(part, 0.999);
      item.dataset.state = line.takes === 0 ? "none" : line.signed ? "good" : "moving";
      // A bar that is full says nothing of the server's signature; the words do.
      const all = bytes(line.recorded);
      if (line.takes === 0) setText(said, t(captured.recovering ? "send.looking" : "send.none"));
      else if (line.signed) setText(said, t("send.signed", { bytes: all }));
      else if (part >= 1) setText(said, t("send.checking", { bytes: all }));
      else setText(said, t("send.part", { safe: bytes(line.safe), all, percent: Math.floor(part * 100) }));
    }
    this.drawPhone(state);
    const left = secondsLeft(captured, state.attempt.id);
    const moving = captured.unsigned > 0;
    show(this.pace, moving && left !== 0);
    setText(this.pace, left === null || captured.rate === 0 ? t("send.paceUnknown") : t("send.pace", { speed: speed(captured.rate), left: countdown(left * 1e6) }));
    show(this.saving, moving);
  }

  /** How far the phone is, by what it says itself and by what the server has of it. */
  private drawPhone(state: State): void {
    const { t, clock } = this.page;
    show(this.phoneRow, state.attempt.steps.includes("phone"));
    const side = phone(this.serverTakes);
    const view = state.phone?.bound;
    const all = bytes(side.bytes);
    const unsent = view?.status?.unsent.bytes ?? 0;
    const lost = view && this.page.connection.ok && silentFor(view, clock.now() ?? state.serverTime) > 0;
    const done = view ? sideDone(view) && side.signed : side.signed;
    this.phoneRow.dataset.state = done ? "good" : lost ? "bad" : "moving";
    if (done) setText(this.phoneSaid, t("send.signed", { bytes: all }));
    else if (!view) setText(this.phoneSaid, side.takes === 0 ? t("send.phoneNone") : t("send.phonePart", { bytes: all }));
    else if (lost) setText(this.phoneSaid, t("side.send.lost", { left: unsent > 0 ? t("side.send.lostLeft", { bytes: bytes(unsent) }) : t("side.send.lostNone") }));
    else if (view.endedAt === null) setText(this.phoneSaid, t("side.send.waiting"));
    else if (unsent > 0) setText(this.phoneSaid, t("side.send.left", { bytes: bytes(unsent) }));
    else setText(this.phoneSaid, t("side.send.checking", { bytes: all }));
  }

  second(): void {
    if (this.seconds++ % askEvery === 0 && this.page.state && !this.page.signedOut) void this.look();
  }

  private async look(): Promise<void> {
    // Without an answer the last one stands; the connection's own notice says that it is old.
    this.serverTakes = await api.takes().catch(() => this.serverTakes);
    this.update();
  }

  private async save(): Promise<void> {
    const { page } = this;
    const own = page.captured!.takes.filter((take) => !take.receipt && take.recorded > 0);
    const n = await saveTakes(page.capture!, own, page.state?.candidate.ticket ?? "");
    setText(this.saved, page.t("send.saved", { n }));
  }
}

/** Gives takes to the browser as files; how many it could. */
export async function saveTakes(capture: Capture, takes: CaptureState["takes"], ticket: string): Promise<number> {
  let n = 0;
  for (const take of takes) {
    const media = await capture.exportTake(take.take);
    if (!media) continue;
    const url = URL.createObjectURL(media);
    const ending = take.mime.includes("mp4") ? "mp4" : "webm";
    element("a", { href: url, download: `trivue-${ticket}-${take.kind}-${take.take}.${ending}` }).click();
    // The browser reads it after the click; a minute is long enough to begin.
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
    n++;
  }
  return n;
}
