// The player inside a page that plays from disk: everything but media and sprites is in the page itself.

import { initialLang } from "../i18n";
import { exposeForTests } from "./expose";
import { Player } from "./player";
import type { Timeline } from "./timeline";

interface PageData {
  timeline: Timeline;
  waveforms: Record<string, string>; // base64
  cues: Record<string, string>;
  lang?: string;
}

const root = document.getElementById("player")!;
const data = JSON.parse(document.getElementById("playback")!.textContent!) as PageData;
document.body.classList.add("tv-page");

void Player.open(root, {
  timeline: data.timeline,
  source: (file) => encodeURIComponent(file),
  waveform: async (file) => Uint8Array.from(atob(data.waveforms[file] ?? ""), (c) => c.charCodeAt(0)).buffer,
  cues: async (file) => data.cues[file] ?? "",
  lang: initialLang(data.lang),
}).then((player) => {
  exposeForTests(player);
  document.addEventListener("keydown", (event) => {
    if (event.target === document.body) root.dispatchEvent(new KeyboardEvent("keydown", event));
  });
});
