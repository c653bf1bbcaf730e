// How a view is kept on the common clock.

/** What to do about a view that is `error` seconds ahead of the clock (behind, if negative). */
export type Correction = { kind: "leave" } | { kind: "nudge"; factor: number } | { kind: "seek" };

/** Beyond this many seconds a view jumps to its place: catching up by speed alone would take too long. */
export const seekBeyond = 0.3;

/** The most by which a view's speed is changed: more can be seen and heard. */
export const nudgeAtMost = 0.05;

/**
 * Differences below one frame are left alone: correcting what nobody can see makes speeds flutter. Up to 300 ms the view runs a
 * little faster or slower, in proportion, so that it arrives without overshooting; beyond that it is sought, and it alone.
 */
export function correct(error: number, frame: number): Correction {
  const size = Math.abs(error);
  if (size > seekBeyond) return { kind: "seek" };
  if (size < frame) return { kind: "leave" };
  return { kind: "nudge", factor: 1 - Math.sign(error) * Math.min(nudgeAtMost, size * 0.5) };
}
