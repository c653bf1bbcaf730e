import type { Key } from "../i18n";
import { formatTime, type Gap } from "./timeline";

/** Says when a gap is, how long it is, and its cause where the recorder told it. */
export function gapText(gap: Gap, t: (key: Key, values?: Record<string, string | number>) => string): string {
  const when = t("player.gap", {
    from: formatTime(gap.start, false),
    to: formatTime(gap.end, false),
    length: (gap.end - gap.start).toFixed(1),
  });
  return gap.cause ? t("player.gapCause", { when, cause: gap.cause }) : when;
}
