// 环拍: the room once around with the front camera, by the orientation sensor, or by the clock where there is none.

import { SelfView } from "../../candidate/levelmeter";
import { button, element, setText, show } from "../../candidate/element";
import type { Key } from "../../i18n";
import { directions, PanMeter, parts, timedPan } from "../panmeter";
import { ring } from "../pictures";
import type { PhonePage, StepView } from "../page";
import { liveTake } from "../status";

/** Milliseconds between two drawings of the ring. */
const drawEvery = 60;

interface Run {
  take: string;
  from: number;
  began: number;
  /** Null where there is no sensor. */
  meter: PanMeter | null;
  stop(): void;
}

export function panStep(page: PhonePage): StepView {
  const { t } = page;
  const wanted = page.state!.policy.pan;
  const view = new SelfView(t("mobile.pan.view"));
  const { element: circle, parts: slices, hand } = ring(parts);
  const degrees = element("strong", { class: "degrees" });
  const said = element("p", { class: "pan-said", role: "status", data: { testid: "pan-said" } });
  const start = button(t("mobile.pan.start"), () => begin(), { class: "primary large", data: { testid: "pan-start" } });
  const again = button(t("mobile.pan.again"), () => begin(), { class: "quiet", hidden: true, data: { testid: "pan-again" } });
  let run: Run | null = null;
  let looking = false;
  let drawn = -Infinity;

  /** Milliseconds since the take that is being recorded began, and which that is. */
  function inTake(): { take: string; ms: number } | null {
    const take = page.captured && liveTake(page.captured);
    return take ? { take: take.take, ms: Math.max(0, Math.round(performance.now() - take.began.monotonic / 1000)) } : null;
  }

  async function begin(): Promise<void> {
    if (looking) return;
    looking = true;
    end();
    try {
      await page.sensor.allow();
      const sensor = await page.sensor.exists();
      const now = inTake();
      if (!now) return setText(said, t("mobile.pan.notYet"));
      const meter = sensor ? new PanMeter() : null;
      run = { take: now.take, from: now.ms, began: performance.now(), meter, stop: meter ? page.sensor.listen((heading, ms) => (meter.add(heading, ms), draw())) : () => undefined };
      drawn = -Infinity;
      draw();
    } finally {
      looking = false;
      update();
    }
  }

  function end(): void {
    run?.stop();
    run = null;
  }

  function say(key: Key, values?: Record<string, string | number>): void {
    setText(said, t(key, values));
  }

  function draw(): void {
    if (!run) return;
    const now = performance.now();
    if (now - drawn < drawEvery) return;
    drawn = now;
    const { meter } = run;
    const timed = meter ? null : timedPan(now - run.began);
    const covered = meter ? meter.degrees : timed!.degrees;
    slices.forEach((slice, n) => slice.classList.toggle("seen", meter ? meter.seen[n]! : n * 5 < covered));
    hand.setAttribute("transform", `rotate(${meter ? (meter.at ?? 0) : Math.min(timed!.direction, directions - 1) * 45})`);
    circle.dataset.degrees = String(covered);
    setText(degrees, `${covered}°`);
    if (meter) say(meter.hint ? `mobile.pan.${meter.hint}` : covered < 20 ? "mobile.pan.turn" : "mobile.pan.goOn");
    else if (timed!.direction < directions) say(timed!.direction === 0 ? "mobile.pan.timedFirst" : "mobile.pan.timed", { n: timed!.direction + 1, all: directions, seconds: timed!.left });
    if (covered < (meter ? wanted : 360)) return;
    const to = inTake();
    const { take, from } = run;
    if (to?.take !== take) return interrupted();
    end();
    say("mobile.pan.done");
    page.announce(t("mobile.pan.done"));
    navigator.vibrate?.(200);
    void page.panned({ degrees: covered, way: meter ? "sensor" : "timed", take, from, to: to.ms });
  }

  /** A pan is an interval of one take: where that ended in the middle, it begins anew. */
  function interrupted(): void {
    if (run) page.capture?.note("pan-tried", { degrees: Number(circle.dataset.degrees), way: run.meter ? "sensor" : "timed", problem: "interrupted" });
    end();
    slices.forEach((slice) => slice.classList.remove("seen"));
    setText(degrees, "0°");
    say("mobile.pan.interrupted");
    update();
  }

  function update(): void {
    view.show(page.capture?.preview.camera ?? null);
    if (run && inTake()?.take !== run.take) interrupted();
    show(start, run === null);
    show(again, run !== null);
    if (!start.hasAttribute("aria-busy")) start.disabled = inTake() === null; // a pan is an interval of a take
  }

  setText(degrees, "0°");
  say("mobile.pan.ready");
  if (page.facing !== "user") void page.allow("user").catch(() => undefined); // the ring is on the screen's side
  const timer = window.setInterval(draw, 200);
  return {
    element: element(
      "section",
      { class: "step pan" },
      element("h1", {}, t("mobile.pan.title")),
      element("p", { class: "lead" }, t("mobile.pan.lead")),
      element("div", { class: "dial" }, view.element, circle, degrees),
      said,
      start,
      again,
      element("p", { class: "hint" }, t("mobile.pan.need", { n: wanted })),
    ),
    update,
    leave() {
      clearInterval(timer);
      end();
    },
  };
}
