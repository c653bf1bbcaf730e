// What the browser says of its line; Safari and Firefox only say whether there is one.

import type { Status } from "./status";

type Connection = { type?: string; effectiveType?: string; downlink?: number; rtt?: number };

export function networkNow(): Status["network"] {
  const { connection } = navigator as { connection?: Connection };
  return { online: navigator.onLine, type: connection?.type ?? connection?.effectiveType ?? null, downlink: connection?.downlink ?? null, rtt: connection?.rtt ?? null };
}
