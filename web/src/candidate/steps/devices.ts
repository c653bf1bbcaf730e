// 设备准备: what the interview needs is tried out, one row each, with what to do where it does not work.

import { looksVirtual, openCamera, openMicrophone, openScreen } from "../../capture/devices";
import { DeviceError } from "../../capture/capture";
import { checkBrowser, checkStorage, watchDisplays, watchPower } from "../checks/machine";
import { checkNetwork } from "../checks/network";
import { checkNames, nothingTried, standing, type CheckName, type CheckResult, type DeviceResults } from "../checks/results";
import { playTone, recordSample } from "../checks/sound";
import { confirmDialog } from "../dialog";
import { button, element, setChildren, setText, show } from "../element";
import { LevelMeter, SelfView } from "../levelmeter";
import { chosenDevices } from "../memory";
import type { Page, Step } from "../page";
import { DevicePickers } from "../pickers";
import { shareProblem } from "../sharing";
import { todoFor } from "../wrongs";

const sampleSeconds = 5;
/** Without a sound for so many looks of half a second, the microphone counts as silent. */
const silentLooks = 16;

/** What was found so far: a change of language must not ask for everything again. */
let results: DeviceResults = nothingTried();

export function devicesStep(page: Page): Step {
  const { t } = page;
  const off = new AbortController();
  const view = new SelfView(t("devices.preview"));
  const meter = new LevelMeter();
  const sample = element("video", { class: "sample", controls: true, playsinline: true, hidden: true, "aria-label": t("devices.sample") });
  const placeholder = element("p", { class: "view-empty" }, t("devices.previewEmpty"));
  const tracks: Partial<Record<"camera" | "microphone", MediaStreamTrack>> = {};
  const rows = Object.fromEntries(checkNames.map((name) => [name, row(name)])) as Record<CheckName, ReturnType<typeof row>>;
  const verdict = element("p", { class: "verdict", role: "status" });
  const start = button(t("check.start"), run, { class: "primary", data: { testid: "check-start" } });
  const goOn = button(t("devices.goOn"), leave, { class: "primary", data: { testid: "devices-next" } });
  const pickers = new DevicePickers(page, () => ({ camera: tracks.camera ?? null, microphone: tracks.microphone ?? null }), () => void openDevices(true));
  show(pickers.element, false);
  let looks = 0;
  let watching = false;

  function row(name: CheckName) {
    const said = element("span", { class: "said" });
    const todo = element("p", { class: "todo", hidden: true });
    const actions = element("span", { class: "row-actions" });
    const item = element("li", { data: { check: name, state: "idle" } }, element("span", { class: "dot", "aria-hidden": "true" }), element("strong", {}, t(`devices.${name}`)), said, actions, todo);
    return { item, said, todo, actions };
  }

  function tell(name: CheckName, result: CheckResult): void {
    if (off.signal.aborted) return;
    results = { ...results, [name]: result };
    drawRow(name);
    drawVerdict();
    if (result.state === "bad") page.announce(`${t(`devices.${name}`)}${t("frame.comma")}${t("devices.state.bad")}`);
  }

  function drawRow(name: CheckName): void {
    const result = results[name];
    const { item, said, todo } = rows[name];
    item.dataset.state = result.state;
    setText(said, [t(`devices.state.${result.state}`), result.said && t(result.said, result.values)].filter(Boolean).join(" · "));
    const wrong = (result.state === "bad" || result.state === "warn") && result.todo;
    show(todo, Boolean(wrong));
    setText(todo, wrong ? t(wrong, result.values) : "");
  }

  function drawVerdict(): void {
    const { open, failed } = standing(results);
    const tried = checkNames.some((name) => results[name].state !== "idle");
    verdict.dataset.state = open.length === 0 ? "good" : failed.length > 0 ? "bad" : "";
    setText(verdict, !tried ? "" : open.length === 0 ? t("devices.ready") : failed.length > 0 ? t("devices.failed", { n: failed.length }) : t("devices.left", { what: open.map((name) => t(`devices.${name}`)).join(t("frame.comma")) }));
    show(goOn, tried);
    goOn.classList.toggle("primary", open.length === 0);
    start.classList.toggle("primary", !tried);
    setText(start, t(tried ? "check.again" : "check.start"));
  }

  async function run(): Promise<void> {
    for (const name of ["browser", "camera", "microphone", "network", "storage"] as const) tell(name, { state: "running" });
    tell("browser", checkBrowser());
    if (!watching) {
      watching = true;
      void watchPower((result) => tell("power", result), off.signal);
      watchDisplays((result) => tell("displays", result), off.signal);
    }
    await openDevices(true);
    await Promise.all([checkStorage().then((result) => tell("storage", result)), checkNetwork().then((result) => tell("network", result))]);
  }

  /** again: what was found before does not count. */
  async function openDevices(again: boolean): Promise<void> {
    closeDevices();
    const chosen = chosenDevices();
    const [camera, microphone] = await Promise.allSettled([openCamera(chosen.camera), openMicrophone(chosen.microphone)]);
    if (off.signal.aborted) {
      for (const each of [camera, microphone]) if (each.status === "fulfilled") each.value.stop();
      return;
    }
    const problem = (reason: unknown): CheckResult => ({ state: "bad", todo: todoFor(reason instanceof DeviceError ? reason.problem : null) });
    if (camera.status === "fulfilled") {
      tracks.camera = camera.value;
      view.show(camera.value);
      const { width = 0, height = 0 } = camera.value.getSettings();
      const virtual = looksVirtual(camera.value.label);
      tell("camera", virtual ? { state: "bad", todo: "wrong.virtualTodo", values: { label: camera.value.label } } : { state: "good", said: "devices.cameraIs", values: { label: camera.value.label, size: `${width}×${height}` } });
    } else tell("camera", problem(camera.reason));
    if (microphone.status === "fulfilled") {
      tracks.microphone = microphone.value;
      meter.listen(microphone.value);
      looks = 0;
      // The step is drawn anew with every change of language: the same microphone need not be heard again.
      const heard = results.microphone.state === "good" && results.microphone.values?.label === microphone.value.label;
      if (again || !heard) tell("microphone", { state: "running", said: "devices.speak" });
    } else tell("microphone", problem(microphone.reason));
    show(placeholder, !tracks.camera);
    show(pickers.element, true);
    void pickers.list();
    drawActions();
  }

  const listening = setInterval(() => {
    const heard = meter.heard;
    if (!tracks.microphone || results.microphone.state === "good") return;
    looks++;
    if (heard) tell("microphone", { state: "good", said: "devices.microphoneIs", values: { label: tracks.microphone.label } });
    else if (looks === silentLooks) tell("microphone", { state: "bad", said: "devices.silent", todo: "devices.silentTodo" });
  }, 500);

  function closeDevices(): void {
    meter.listen(null);
    view.show(null);
    for (const track of Object.values(tracks)) track.stop();
    delete tracks.camera;
    delete tracks.microphone;
  }

  async function shareScreen(): Promise<void> {
    try {
      const track = await openScreen();
      const { width = 0, height = 0, displaySurface } = track.getSettings();
      track.stop();
      tell("screen", { state: "good", said: displaySurface ? "devices.screenIs" : "devices.screenBelieved", values: { size: `${width}×${height}` } });
    } catch (error) {
      tell("screen", { state: "bad", todo: shareProblem(error) });
    }
  }

  async function speaker(): Promise<void> {
    tell("speaker", { state: "running" });
    await playTone();
    const answer = (state: "good" | "bad") => () => {
      tell("speaker", state === "good" ? { state, said: "devices.heard" } : { state: "warn", todo: "devices.speakerTodo" });
      drawActions();
    };
    setChildren(rows.speaker.actions, element("span", {}, t("devices.heardIt")), button(t("devices.yes"), answer("good"), { data: { testid: "speaker-yes" } }), button(t("devices.no"), answer("bad")));
  }

  async function record(): Promise<void> {
    if (!tracks.camera || !tracks.microphone) return tell("recording", { state: "bad", todo: "devices.recordingFirst" });
    try {
      const blob = await recordSample([tracks.camera, tracks.microphone], sampleSeconds, (left) => tell("recording", { state: "running", said: "devices.recordingLeft", values: { left } }));
      URL.revokeObjectURL(sample.src);
      sample.src = URL.createObjectURL(blob);
      show(sample, true);
      void sample.play().catch(() => undefined); // where it may not start by itself, it has its own button
      tell("recording", { state: "running", said: "devices.recordingLook" });
      const answer = (good: boolean) => () => {
        tell("recording", good ? { state: "good", said: "devices.recordingFine" } : { state: "bad", todo: "devices.recordingTodo" });
        show(sample, false);
        drawActions();
      };
      setChildren(rows.recording.actions, element("span", {}, t("devices.recordingOk")), button(t("devices.yes"), answer(true), { data: { testid: "recording-yes" } }), button(t("devices.no"), answer(false)));
    } catch {
      tell("recording", { state: "bad", todo: "devices.recordingTodo" });
    }
  }

  function drawActions(): void {
    setChildren(rows.speaker.actions, button(t("devices.playTone"), speaker, { data: { testid: "speaker" } }));
    setChildren(rows.screen.actions, button(t("devices.share"), shareScreen, { data: { testid: "share-test" } }));
    setChildren(rows.recording.actions, button(t("devices.recordSample", { seconds: sampleSeconds }), record, { data: { testid: "record-test" } }));
  }

  async function leave(): Promise<void> {
    const { open } = standing(results);
    if (open.length > 0) {
      const list = element("ul", {}, ...open.map((name) => element("li", {}, t(`devices.${name}`))));
      const anyway = await confirmDialog(t("devices.anywayTitle"), [element("p", {}, t("devices.anywayText")), list], t("devices.anyway"), t("devices.back"));
      if (!anyway) return;
    }
    const done = results;
    await page.devicesDone(done).catch(() => setText(verdict, t("wrong.lostTodo")));
  }

  const step = element(
    "section",
    { class: "step wide" },
    element("h1", {}, t("devices.title")),
    element("p", { class: "lead" }, t("devices.lead")),
    element("p", { class: "notice only-small", data: { tone: "warn" } }, t("devices.useComputer")),
    element(
      "div",
      { class: "two-columns" },
      element("ul", { class: "checks" }, ...checkNames.map((name) => rows[name].item)),
      element("div", { class: "view-column" }, element("div", { class: "view" }, placeholder, view.element), element("p", { class: "level-row" }, t("devices.level"), meter.element), sample, pickers.element, element("p", { class: "hint" }, t("devices.room"))),
    ),
    element("div", { class: "actions sticky" }, start, goOn, verdict),
  );
  for (const name of checkNames) drawRow(name);
  drawVerdict();
  if (results.camera.state !== "idle") void openDevices(false);
  return {
    element: step,
    leave() {
      off.abort();
      clearInterval(listening);
      closeDevices();
      pickers.stop();
      meter.stop();
      URL.revokeObjectURL(sample.src);
    },
  };
}
