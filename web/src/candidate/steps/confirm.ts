// 设备确认: a last look at camera and microphone, while it already records.

import { ApiError } from "../api";
import { button, element, setChildren, setText, show } from "../element";
import { LevelMeter, SelfView } from "../levelmeter";
import { chosenDevices, device } from "../memory";
import type { Page, Step } from "../page";
import { todoFor } from "../wrongs";

export function confirmStep(page: Page): Step {
  const { t } = page;
  const off = new AbortController();
  const view = new SelfView(t("devices.preview"));
  const empty = element("p", { class: "view-empty" });
  const meter = new LevelMeter();
  const heard = element("span", { class: "said" });
  const status = element("p", { class: "hint", role: "status" });
  const picker = (id: "camera" | "microphone") => element("select", { id: `pick-${id}`, data: { testid: `pick-${id}` } });
  const pickers = { camera: picker("camera"), microphone: picker("microphone") };
  let listed = "";
  let silent = 0;

  async function list(): Promise<void> {
    const all = await navigator.mediaDevices.enumerateDevices().catch(() => []);
    const key = JSON.stringify([all.map((each) => [each.deviceId, each.label]), page.captured?.devices.camera.label, page.captured?.devices.microphone.label]);
    if (off.signal.aborted || key === listed) return;
    listed = key;
    for (const [id, kind] of [["camera", "videoinput"], ["microphone", "audioinput"]] as const) {
      const current = page.capture?.preview[id]?.getSettings().deviceId;
      const options = all.filter((each) => each.kind === kind).map((each, n) => {
        const option = element("option", { value: each.deviceId }, each.label || t(`confirm.${id}N`, { n: n + 1 }));
        option.selected = each.deviceId === current;
        return option;
      });
      pickers[id].disabled = options.length === 0;
      setChildren(pickers[id], ...(options.length > 0 ? options : [element("option", {}, t("confirm.none"))]));
    }
  }

  async function choose(): Promise<void> {
    const chosen = { camera: pickers.camera.value || undefined, microphone: pickers.microphone.value || undefined };
    device.remember("chosen", chosen);
    setText(status, t("confirm.changing"));
    await page.capture?.useCamera(chosen).then(
      () => setText(status, t("confirm.changed")),
      () => setText(status, t("confirm.changeFailed")),
    );
    void list();
  }
  for (const each of Object.values(pickers)) each.addEventListener("change", () => void choose());
  navigator.mediaDevices.addEventListener("devicechange", () => void list().then(() => setText(status, t("confirm.found"))), { signal: off.signal });

  async function refresh(): Promise<void> {
    listed = "";
    const { camera, microphone } = page.captured!.devices;
    if (!camera.open || !microphone.open) await page.capture?.useCamera(chosenDevices()).catch(() => undefined); // the banner says why
    await list();
    setText(status, t("confirm.refreshed"));
  }

  async function goOn(): Promise<void> {
    const { camera, microphone } = page.captured!.devices;
    // A tap is needed for full screen, and this is the last one before the interview.
    await document.documentElement.requestFullscreen?.().catch(() => undefined);
    try {
      await page.do("confirm", { camera: camera.label, microphone: microphone.label });
    } catch (error) {
      setText(status, t(error instanceof ApiError && error.code === "network" ? "signin.networkTodo" : "signin.failedTodo"));
    }
  }
  const next = button(t("confirm.next"), goOn, { class: "primary large", data: { testid: "confirm-next" } });

  return {
    element: element(
      "section",
      { class: "step" },
      element("h1", {}, t("confirm.title")),
      element("p", { class: "lead" }, t("confirm.lead")),
      element(
        "div",
        { class: "two-columns even" },
        element("div", { class: "view-column" }, element("div", { class: "view" }, empty, view.element), element("p", { class: "level-row" }, t("devices.level"), meter.element, heard)),
        element(
          "div",
          { class: "panel form" },
          element("p", { class: "field" }, element("label", { for: "pick-camera" }, t("kind.camera")), pickers.camera),
          element("p", { class: "field" }, element("label", { for: "pick-microphone" }, t("confirm.microphone")), pickers.microphone),
          element("div", { class: "actions" }, button(t("confirm.refresh"), refresh, { data: { testid: "refresh-devices" } })),
          status,
          element("p", { class: "hint" }, t("confirm.fullscreen")),
          element("div", { class: "actions" }, next),
        ),
      ),
    ),
    update() {
      const { capture, captured } = page;
      if (!capture || !captured) return;
      view.show(capture.preview.camera);
      meter.listen(capture.preview.microphone);
      const { camera, microphone } = captured.devices;
      show(empty, !camera.open);
      setText(empty, camera.open ? "" : t(camera.problem ? todoFor(camera.problem) : "signin.openingCamera"));
      if (!next.hasAttribute("aria-busy")) next.disabled = !camera.open || !microphone.open;
      void list();
    },
    second() {
      silent = meter.heard ? 0 : silent + 1;
      setText(heard, t(silent === 0 ? "confirm.heard" : silent > 5 ? "confirm.silent" : "confirm.speak"));
      heard.dataset.state = silent === 0 ? "good" : silent > 5 ? "bad" : "";
    },
    leave() {
      off.abort();
      meter.stop();
    },
  };
}
