// The battery, where the browser says something of it: Chromium does, Safari and Firefox do not.

import type { Battery } from "./trouble";

interface BatteryManager extends EventTarget {
  level: number;
  charging: boolean;
}

export async function watchBattery(changed: (battery: Battery) => void): Promise<void> {
  const get = (navigator as { getBattery?: () => Promise<BatteryManager> }).getBattery;
  const battery = await get?.call(navigator).catch(() => null);
  if (!battery) return;
  const tell = () => changed({ level: battery.level, charging: battery.charging });
  for (const type of ["levelchange", "chargingchange"]) battery.addEventListener(type, tell);
  tell();
}
