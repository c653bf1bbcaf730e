// A single picture out of a video.

/** Longest side of a still, in pixels: a sheet of A4 stays readable, and the file below the server's 2 MB. */
const longest = 1920;
const mostBytes = 2e6;

export async function still(video: HTMLVideoElement): Promise<Blob> {
  if (video.videoWidth === 0) throw new Error("the camera gives no picture yet");
  const scale = Math.min(1, longest / Math.max(video.videoWidth, video.videoHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  canvas.getContext("2d")!.drawImage(video, 0, 0, canvas.width, canvas.height);
  for (const quality of [0.9, 0.7, 0.4]) {
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
    if (blob && blob.size <= mostBytes) return blob;
  }
  throw new Error("the picture cannot be made small enough");
}

/** Seconds that a camera has to find its exposure: its first pictures are black or too bright. */
const warmUp = 1;

/** Waits for a good picture of a camera, at most some seconds. */
export function goodPicture(video: HTMLVideoElement): Promise<void> {
  const good = () => video.videoWidth > 0 && video.currentTime >= warmUp;
  if (good()) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const off = new AbortController();
    const timer = setTimeout(() => (off.abort(), reject(new Error("the camera gives no picture"))), 6000);
    video.addEventListener("timeupdate", () => good() && (clearTimeout(timer), off.abort(), resolve()), { signal: off.signal });
  });
}
