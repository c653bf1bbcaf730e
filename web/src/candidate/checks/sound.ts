// Sounds for the loudspeaker, and a short recording to be looked at.

import { bitRates, chooseFormat } from "../../capture/formats";

/** Three notes, going up: nobody takes them for the system's own sounds. */
export async function playTone(): Promise<void> {
  const context = new AudioContext();
  const gain = context.createGain();
  gain.connect(context.destination);
  const begin = context.currentTime + 0.05;
  for (const [n, pitch] of [523, 659, 784].entries()) {
    const tone = context.createOscillator();
    tone.frequency.value = pitch;
    tone.connect(gain);
    tone.start(begin + n * 0.4);
    tone.stop(begin + n * 0.4 + 0.35);
  }
  gain.gain.setValueAtTime(0.25, begin);
  await new Promise((resolve) => setTimeout(resolve, 1350));
  await context.close();
}

/** Records camera and microphone for some seconds, as the interview will; second is called as they pass. */
export async function recordSample(tracks: MediaStreamTrack[], seconds: number, second: (left: number) => void): Promise<Blob> {
  const mime = chooseFormat((type) => MediaRecorder.isTypeSupported(type), navigator.hardwareConcurrency, true);
  if (mime === null) throw new Error("this browser records no format that is known");
  const bits = bitRates("camera", 0);
  const recorder = new MediaRecorder(new MediaStream(tracks), { mimeType: mime, videoBitsPerSecond: bits.video, audioBitsPerSecond: bits.audio });
  const parts: Blob[] = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  const stopped = new Promise<void>((resolve, reject) => {
    recorder.onstop = () => resolve();
    recorder.onerror = () => reject(new Error("the recorder failed"));
  });
  recorder.start();
  for (let left = seconds; left > 0; left--) {
    second(left);
    await Promise.race([new Promise((resolve) => setTimeout(resolve, 1000)), stopped]);
  }
  if (recorder.state !== "inactive") recorder.stop();
  await stopped;
  const sample = new Blob(parts, { type: mime });
  if (sample.size === 0) throw new Error("nothing was recorded");
  return sample;
}
