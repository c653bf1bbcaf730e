// Choosing a camera and a microphone; what is chosen is remembered for the next time.

import { element, setChildren } from "./element";
import { device, type ChosenDevices } from "./memory";
import type { Page } from "./page";

const kinds = { camera: "videoinput", microphone: "audioinput" } as const;
type Name = keyof typeof kinds;

export class DevicePickers {
  readonly element: HTMLElement;
  private readonly selects: Record<Name, HTMLSelectElement>;
  private readonly off = new AbortController();
  private listed = "";

  constructor(
    private readonly page: Page,
    /** What is open now. */
    private readonly open: () => Record<Name, MediaStreamTrack | null>,
    choose: (chosen: ChosenDevices) => void,
    /** A device came or went. */
    moved: () => void = () => undefined,
  ) {
    const { t } = page;
    const select = (name: Name) => element("select", { id: `pick-${name}`, data: { testid: `pick-${name}` } });
    this.selects = { camera: select("camera"), microphone: select("microphone") };
    const row = (name: Name, label: string) => element("p", { class: "field" }, element("label", { for: `pick-${name}` }, label), this.selects[name]);
    this.element = element("div", { class: "form" }, row("camera", t("kind.camera")), row("microphone", t("confirm.microphone")));
    for (const each of Object.values(this.selects)) {
      each.addEventListener("change", () => {
        const chosen = { camera: this.selects.camera.value || undefined, microphone: this.selects.microphone.value || undefined };
        device.remember("chosen", chosen);
        choose(chosen);
      });
    }
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.list().then(moved), { signal: this.off.signal });
  }

  async list(): Promise<void> {
    const all = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
    const open = this.open();
    const current = { camera: open.camera?.getSettings().deviceId, microphone: open.microphone?.getSettings().deviceId };
    const key = JSON.stringify([all.map((each) => [each.deviceId, each.label]), current]);
    if (this.off.signal.aborted || key === this.listed) return;
    this.listed = key;
    for (const name of ["camera", "microphone"] as const) {
      const options = all
        .filter((each) => each.kind === kinds[name])
        .map((each, n) => {
          const option = element("option", { value: each.deviceId }, each.label || this.page.t(`confirm.${name}N`, { n: n + 1 }));
          option.selected = each.deviceId === current[name];
          return option;
        });
      this.selects[name].disabled = options.length === 0;
      setChildren(this.selects[name], ...(options.length > 0 ? options : [element("option", {}, this.page.t("confirm.none"))]));
    }
  }

  stop(): void {
    this.off.abort();
  }
}
