// Camera, microphone and screen: asking for them, and saying why they cannot be had.

export type DeviceProblem =
  | "denied" // the person or the browser said no
  | "missing" // there is none
  | "busy" // another program has it
  | "not-monitor" // a window or a tab was shared; the whole screen is asked for
  | "ended"
  | "failed";

export class DeviceError extends Error {
  constructor(
    readonly problem: DeviceProblem,
    options?: ErrorOptions,
  ) {
    super(problem, options);
  }
}

function problemOf(error: unknown): DeviceProblem {
  const known: Record<string, DeviceProblem> = { NotAllowedError: "denied", SecurityError: "denied", NotFoundError: "missing", OverconstrainedError: "missing", NotReadableError: "busy", AbortError: "busy" };
  return (error instanceof DOMException && known[error.name]) || "failed";
}

async function ask(open: () => Promise<MediaStream>): Promise<MediaStream> {
  try {
    return await open();
  } catch (error) {
    throw new DeviceError(problemOf(error), { cause: error });
  }
}

export const cameraSize = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 24, max: 30 } };
/** A screen changes seldom; text must stay readable. */
export const screenSize = { width: { max: 1920 }, height: { max: 1080 }, frameRate: { ideal: 10, max: 15 } };

/** Which of a phone's cameras: user is the one above its screen. */
export type Facing = "user" | "environment";

const cameraOf = (deviceId?: string, facing?: Facing): MediaTrackConstraints => ({ ...cameraSize, ...(deviceId ? { deviceId: { ideal: deviceId } } : {}), ...(facing ? { facingMode: { ideal: facing } } : {}) });

/** The device that was chosen, or where that is gone any other. */
export async function openCamera(deviceId?: string, facing?: Facing): Promise<MediaStreamTrack> {
  const stream = await ask(() => navigator.mediaDevices.getUserMedia({ video: cameraOf(deviceId, facing) }));
  return stream.getVideoTracks()[0]!;
}

/** The room as it sounds: recordings are aligned by what was heard. No other person's voice is played here that could echo. */
const sound = { channelCount: { ideal: 1 }, echoCancellation: false, noiseSuppression: false, autoGainControl: true };

export async function openMicrophone(deviceId?: string): Promise<MediaStreamTrack> {
  const stream = await ask(() => navigator.mediaDevices.getUserMedia({ audio: { ...sound, ...(deviceId ? { deviceId: { ideal: deviceId } } : {}) } }));
  return stream.getAudioTracks()[0]!;
}

/** Both with one question to the person: asked for one after the other, phones ask twice. */
export async function openBoth(facing: Facing): Promise<{ camera: MediaStreamTrack; microphone: MediaStreamTrack }> {
  const stream = await ask(() => navigator.mediaDevices.getUserMedia({ video: cameraOf(undefined, facing), audio: sound }));
  return { camera: stream.getVideoTracks()[0]!, microphone: stream.getAudioTracks()[0]! };
}

/** Asks for the entire screen; anything less is refused, as no page can limit what a person picks. */
export async function openScreen(): Promise<MediaStreamTrack> {
  const wanted = { video: { ...screenSize, displaySurface: "monitor" }, audio: false, monitorTypeSurfaces: "include", selfBrowserSurface: "exclude", surfaceSwitching: "exclude" };
  const stream = await ask(() => navigator.mediaDevices.getDisplayMedia(wanted as DisplayMediaStreamOptions));
  const track = stream.getVideoTracks()[0]!;
  const problem = surfaceProblem(track.getSettings());
  if (problem) {
    track.stop();
    throw new DeviceError(problem);
  }
  track.contentHint = "text";
  return track;
}

/** A browser that does not say what is shared (Firefox) is believed; the server sees that it was not said. */
export function surfaceProblem(settings: { displaySurface?: string }): DeviceProblem | null {
  return settings.displaySurface === undefined || settings.displaySurface === "monitor" ? null : "not-monitor";
}

/** Names by which known virtual cameras call themselves. They prove nothing: a person looks. */
const virtual = /\b(obs|virtual|manycam|xsplit|snap camera|droidcam|iriun|epoccam|mmhmm|e2esoft|splitcam|v4l2loopback|dummy|ndi)\b/i;

export const looksVirtual = (label: string): boolean => virtual.test(label);
