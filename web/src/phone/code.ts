// The code that binds a phone, as people type, read out or paste it.

export const codeLength = 8;
const characters = /^[23456789ABCDEFGHJKMNPQRTUVWXY]*$/;

export interface Code {
  /** As the server wants it; as far as it goes. */
  text: string;
  whole: boolean;
  /** It has a character that no code has. */
  impossible: boolean;
}

/** A link that was pasted is as good as the code in it. */
function inLink(text: string): string {
  return /[?&]code=([^&#\s]+)/i.exec(text)?.[1] ?? text;
}

export function readCode(typed: string): Code {
  const text = inLink(typed)
    .normalize("NFKC") // a Chinese keyboard's full-width characters
    .toUpperCase()
    .replace(/[\s\-–—_.·]/g, "")
    // No code has these, and they look like what they become.
    .replace(/S/g, "5")
    .replace(/Z/g, "2");
  return { text, whole: text.length === codeLength && characters.test(text), impossible: !characters.test(text) };
}

/** In two groups it is kept in mind. */
export const grouped = (code: string): string => (code.length > 4 ? `${code.slice(0, 4)} ${code.slice(4)}` : code);
