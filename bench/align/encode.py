"""Codecs and containers of phones and browsers, and what delay each of them adds that its container does not state."""
import ctypes
import subprocess

import numpy as np
import scipy.signal as ss

RATE = 16000

# name: (suffix, ffmpeg's arguments). Opus at the complexity of a browser on a phone, which also halves the time.
CODECS = {
    "opus16": (".webm", "-ar 48000 -c:a libopus -b:a 16k -application voip -compression_level 5"),
    "opus24": (".webm", "-ar 48000 -c:a libopus -b:a 24k -application voip -compression_level 5"),
    "opus32": (".webm", "-ar 48000 -c:a libopus -b:a 32k -application voip -compression_level 5"),
    "opus32-60ms": (".webm", "-ar 48000 -c:a libopus -b:a 32k -application voip -compression_level 5 -frame_duration 60"),
    "opus32-mp4": (".mp4", "-ar 48000 -c:a libopus -b:a 32k -application voip -compression_level 5"),
    "aac32": (".m4a", "-ar 32000 -c:a aac -aac_coder fast -b:a 32k"),
    "aac48": (".m4a", "-ar 44100 -c:a aac -aac_coder fast -b:a 48k"),
    "aac64": (".m4a", "-ar 48000 -c:a aac -aac_coder fast -b:a 64k"),
    "aac64-fragmented": (".mp4", "-ar 48000 -c:a aac -aac_coder fast -b:a 64k -movflags empty_moov+default_base_moof+frag_keyframe -frag_duration 1000000"),
    # Telephone bandwidth, 8 kHz.
    "amr": (".3gp", None),
    "aac16-8k": (".m4a", "-ar 8000 -c:a aac -aac_coder fast -b:a 16k"),
    "opus12-narrow": (".webm", "-ar 48000 -c:a libopus -b:a 12k -application voip -compression_level 5 -cutoff 4000"),
    "mulaw": (".mkv", "-ar 8000 -c:a pcm_mulaw"),
    "alaw": (".mov", "-ar 8000 -c:a pcm_alaw"),
    "gsm": (".wav", "-ar 8000 -c:a libgsm_ms"),
    "mp3-8k": (".mp4", "-ar 8000 -c:a libmp3lame -b:a 16k -strict -1"),
}

# With a small picture that starts first: the sound's first time stamp is not zero.
LATE_SOUND = {"opus32-late": ("opus32", 0.28), "aac64-late": ("aac64", 0.233)}


def encode(x, codec, out, dead=None):
    """Writes x (float32, 16 kHz mono) as out+suffix. dead makes it stereo with one channel without the sound: "left" or
    "right", silent, or "left-noise" or "right-noise", with faint noise. Returns the file and how much later than in x a
    sound is found in the file, in seconds."""
    base, late = LATE_SOUND.get(codec, (codec, 0.0))
    suffix, arguments = CODECS[base]
    if late:
        suffix = {".m4a": ".mp4"}.get(suffix, suffix)
    path = out + suffix
    x = np.clip(x, -0.99, 0.99).astype(np.float32)
    sound, channels = x, 1
    if dead:
        other = np.zeros_like(x)
        if dead.endswith("noise"):
            other = np.random.default_rng(1).standard_normal(len(x), dtype=np.float32) * np.float32(0.002)
        sound, channels = np.stack([other, x] if dead.startswith("left") else [x, other], 1), 2
    feed = ["-f", "f32le", "-ar", str(RATE), "-ac", str(channels), "-i", "pipe:0"]
    if base == "amr":
        amr(x, path)
    elif late:
        picture = ["-f", "lavfi", "-i", f"color=gray:size=64x48:rate=5:duration={len(x) / RATE + late:.3f}"]
        video = ["-c:v", "libvpx", "-b:v", "10k"] if suffix == ".webm" else ["-c:v", "mpeg4", "-b:v", "10k"]
        ffmpeg(picture + ["-itsoffset", str(late)] + feed + ["-map", "0:v", "-map", "1:a"] + video + arguments.split() + [path], sound)
    else:
        ffmpeg(feed + arguments.split() + [path], sound)
    return path, delay(x, path)


def amr(x, path):
    """AMR-NB at 12.2 kbit/s in 3GP, by the library itself: ffmpeg has no encoder, and sox's leaves out frames (DTX)."""
    library = ctypes.CDLL("libopencore-amrnb.so.0")
    library.Encoder_Interface_init.restype = ctypes.c_void_p
    library.Encoder_Interface_Encode.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int]
    library.Encoder_Interface_exit.argtypes = [ctypes.c_void_p]
    pcm = (np.clip(ss.resample_poly(x, 1, 2), -0.99, 0.99) * 32767).astype(np.int16)
    encoder, frame, frames = library.Encoder_Interface_init(0), ctypes.create_string_buffer(64), [b"#!AMR\n"]
    for k in range(0, len(pcm) - 159, 160):
        size = library.Encoder_Interface_Encode(encoder, 7, pcm[k : k + 160].tobytes(), frame, 0)
        frames.append(frame.raw[:size])
    library.Encoder_Interface_exit(encoder)
    ffmpeg(["-f", "amr", "-i", "pipe:0", "-c", "copy", path], np.frombuffer(b"".join(frames), np.uint8))


def ffmpeg(arguments, sound):
    subprocess.run(["ffmpeg", "-v", "error", "-y"] + arguments, input=np.ascontiguousarray(sound).tobytes(), check=True)


def delay(x, path):
    """Where the first 40 s of x are found in the decoded file, by cross-correlation, in seconds later than in x."""
    seconds = 40
    command = ["ffmpeg", "-v", "fatal", "-copyts", "-i", path, "-map", "0:a:0", "-t", str(seconds + 1), "-af", "aresample=async=1:first_pts=0"]
    decoded = subprocess.run(command + ["-ac", "1", "-ar", str(RATE), "-f", "f32le", "-"], stdout=subprocess.PIPE, check=True)
    y = np.frombuffer(decoded.stdout, np.float32)
    x = x[: seconds * RATE]
    size = 1 << int(np.ceil(np.log2(max(len(x), len(y)) + RATE)))
    c = np.fft.irfft(np.fft.rfft(y[:size], size) * np.conj(np.fft.rfft(x, size)), size)
    reach = RATE // 2
    c = np.concatenate([c[-reach:], c[:reach]])
    k = int(np.argmax(c[1:-1])) + 1
    bend = c[k - 1] - 2 * c[k] + c[k + 1]
    return float((k + 0.5 * (c[k - 1] - c[k + 1]) / bend - reach) / RATE)
