// Where a phone's front camera looks, from what its orientation sensor says.

/** Angles in degrees as DeviceOrientationEvent has them: turned about z by alpha, then about x by beta, then about y by gamma. */
export interface Orientation {
  alpha: number;
  beta: number;
  gamma: number;
}

export interface Heading {
  /** Clockwise as seen from above, 0 … 360. From an arbitrary zero: only its change means something. */
  azimuth: number;
  /** Whether the camera looks at walls rather than at the floor or the ceiling: a phone that lies turns without filming anything. */
  upright: boolean;
}

/** Below this share of its view direction being level, it looks up or down more than 60°. */
const levelFrom = 0.5;

const radians = (degrees: number) => (degrees * Math.PI) / 180;
export const wrap = (degrees: number) => ((degrees % 360) + 360) % 360;
/** The shortest way from one direction to another, −180 … 180. */
export const turn = (from: number, to: number) => wrap(to - from + 180) - 180;

/**
 * The direction of the screen's own axis. alpha alone will not do: held upright (beta 90°) a phone's alpha and gamma turn about the
 * same axis, and the sensor shares one movement out between them as it likes.
 */
export function heading({ alpha, beta, gamma }: Orientation): Heading {
  const [a, b, g] = [radians(alpha), radians(beta), radians(gamma)];
  const east = Math.cos(a) * Math.sin(g) + Math.sin(a) * Math.sin(b) * Math.cos(g);
  const north = Math.sin(a) * Math.sin(g) - Math.cos(a) * Math.sin(b) * Math.cos(g);
  return { azimuth: wrap((Math.atan2(east, north) * 180) / Math.PI), upright: Math.hypot(east, north) >= levelFrom };
}
