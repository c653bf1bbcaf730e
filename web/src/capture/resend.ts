// The same media under a new name, where the server's bytes are not what the chain says.

import type { Folder } from "./disk";
import { TakeJournal } from "./journal";
import { newTakeName, type About } from "./take";

/**
 * Copies an ended take chunk by chunk into a new one, whose chain is made of what lies on this disk now. Gives it with the number
 * of chunks that are no longer what was recorded. The old one is the caller's to remove: until then nothing is lost by a crash.
 */
export async function copyTake(takes: Folder, old: TakeJournal): Promise<{ copy: TakeJournal; damaged: number }> {
  const about: About = { ...old.about, take: newTakeName(), replaces: old.about.take };
  const copy = await TakeJournal.create(takes, about);
  try {
    let damaged = 0;
    for (const [n, chunk] of old.chunks.entries()) {
      if (!(await old.intact(n))) damaged++;
      await copy.append(old.read(chunk.offset, chunk.size), chunk.ms);
    }
    await copy.finish(old.end ?? { ...old.about.began, reason: "lost" }, old.length);
    return { copy, damaged };
  } catch (error) {
    copy.close();
    await takes.remove(about.take);
    throw error;
  }
}
