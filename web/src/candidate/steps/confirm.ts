// 设备确认: a last look at camera and microphone, while it already records.

import { ApiError } from "../api";
import { button, element, setText, show } from "../element";
import { LevelMeter, SelfView } from "../levelmeter";
import { chosenDevices, type ChosenDevices } from "../memory";
import type { Page, Step } from "../page";
import { DevicePickers } from "../pickers";
import { todoFor } from "../wrongs";

export function confirmStep(page: Page): Step {
  const { t } = page;
  const view = new SelfView(t("devices.preview"));
  const empty = element("p", { class: "view-empty" });
  const meter = new LevelMeter();
  const heard = element("span", { class: "said" });
  const status = element("p", { class: "hint", role: "status" });
  let silent = 0;
  const pickers = new DevicePickers(page, () => page.capture?.preview ?? { camera: null, microphone: null }, (chosen) => void choose(chosen), () => setText(status, t("confirm.found")));

  async function choose(chosen: ChosenDevices): Promise<void> {
    setText(status, t("confirm.changing"));
    await page.capture?.useCamera(chosen).then(
      () => setText(status, t("confirm.changed")),
      () => setText(status, t("confirm.changeFailed")),
    );
    void pickers.list();
  }

  async function refresh(): Promise<void> {
    const { camera, microphone } = page.captured!.devices;
    if (!camera.open || !microphone.open) await page.capture?.useCamera(chosenDevices()).catch(() => undefined); // the banner says why
    await pickers.list();
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
          pickers.element,
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
      void pickers.list();
    },
    second() {
      silent = meter.heard ? 0 : silent + 1;
      setText(heard, t(silent === 0 ? "confirm.heard" : silent > 5 ? "confirm.silent" : "confirm.speak"));
      heard.dataset.state = silent === 0 ? "good" : silent > 5 ? "bad" : "";
    },
    leave() {
      pickers.stop();
      meter.stop();
    },
  };
}
