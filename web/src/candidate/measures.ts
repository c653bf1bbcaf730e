// Times and sizes as people read them.

/** A countdown: 1:02:03, or 02:03 below an hour. Rounded up, so that it says 0 only when it is. Takes microseconds. */
export function countdown(left: number): string {
  const seconds = Math.max(0, Math.ceil(left / 1e6 - 1e-3));
  const two = (n: number) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${two(m)}:${two(s)}`;
}

/** A moment by the server's clock on the wall of this place; with the day where it is another one. */
export function clockTime(at: number, lang: string, now: number | null): string {
  const moment = new Date(at / 1000);
  const sameDay = now !== null && new Date(now / 1000).toDateString() === moment.toDateString();
  const day: Intl.DateTimeFormatOptions = sameDay ? {} : { month: "long", day: "numeric" };
  return moment.toLocaleString(lang, { ...day, hour: "2-digit", minute: "2-digit", hour12: false });
}

export function bytes(n: number): string {
  if (n < 1e6) return `${Math.ceil(n / 1e3)} kB`;
  return n < 1e9 ? `${(n / 1e6).toFixed(1)} MB` : `${(n / 1e9).toFixed(2)} GB`;
}

/** Bits per second. */
export function speed(bits: number): string {
  return bits < 1e6 ? `${Math.round(bits / 1e3)} kbit/s` : `${(bits / 1e6).toFixed(1)} Mbit/s`;
}

/** A name of which only its owner knows whose it is: the first character, and that there are more. */
export const maskName = (name: string): string => [...name].map((character, n) => (n === 0 ? character : "＊")).slice(0, 3).join("");

/** The end of a ticket's number: enough to see that it is one's own. */
export const maskTicket = (ticket: string): string => (ticket.length > 4 ? `••••${ticket.slice(-4)}` : ticket);
