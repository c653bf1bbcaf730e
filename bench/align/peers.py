#!/usr/bin/python3
"""Other ways to find how two recordings lie, answering as `trivue align --json` does.

    peers.py bbc|xcorr REFERENCE OTHER

bbc    The method of BBC R&D's audio-offset-finder (https://github.com/bbc/audio-offset-finder, read at its version 0.5), written
       anew after its description with its default settings: 8 kHz, at most the first 15 minutes, 26 mel-frequency cepstral
       coefficients (512-point FFT, window 256, hop 128, 128 mel bands), each coefficient standardised over the file; the first
       third of the reference, at most 2000 frames (32 s), slides over the other file and the other file's beginning over the
       reference; a lag's height is the norm of the coefficients' correlations. Its "standard score" says how far the highest lag
       stands out; its documentation calls an offset with a score over ten likely to be right, so ten is what accepts here.
xcorr  One generalised cross-correlation with phase transform (GCC-PHAT; Knapp & Carter 1976) of the two whole files at 8 kHz,
       200–3400 Hz. Accepted where the highest lag stands ten standard deviations out.

Both state one constant offset for the whole recording: neither knows of drift nor gaps. Sliding sums are computed by FFT, which
changes nothing in the result and is faster than the original's loop.
"""
import json
import subprocess
import sys

import numpy as np
import scipy.fft

RATE = 8000
ACCEPT = 10


def decode(path, seconds=None):
    """The file's sound at 8 kHz, mono, placed by its time stamps."""
    command = ["ffmpeg", "-v", "fatal", "-copyts", "-i", path, "-map", "0:a:0"] + (["-t", str(seconds)] if seconds else [])
    command += ["-af", "aresample=async=1:first_pts=0", "-ac", "1", "-ar", str(RATE), "-f", "s16le", "-"]
    sound = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    return np.frombuffer(sound, np.int16).astype(np.float32) / 32768


def mel_bands(count, size):
    """Triangular filters, evenly spaced on the mel scale (linear below 1 kHz, logarithmic above) and of equal area."""
    step, knee = 200 / 3, 15.0
    growth = np.log(6.4) / 27

    def to_hertz(mel):
        return np.where(mel < knee, mel * step, 1000 * np.exp(growth * (mel - knee)))

    top = knee + np.log(RATE / 2 / 1000) / growth
    edges = to_hertz(np.linspace(0, top, count + 2))
    f = np.fft.rfftfreq(size, 1 / RATE)
    rise = (f - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - f) / (edges[2:] - edges[1:-1])[:, None]
    return (np.maximum(0, np.minimum(rise, fall)) * (2 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)


def cepstra(x, size=512, window=256, hop=128, count=26, bands=128):
    """Standardised mel-frequency cepstral coefficients, a row for each frame."""
    taper = np.zeros(size, np.float32)
    taper[(size - window) // 2 : (size + window) // 2] = np.hanning(window + 1)[:-1]
    padded = np.pad(x, size // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
    bank, out = mel_bands(bands, size), []
    for k in range(0, len(frames), 4096):
        power = np.abs(scipy.fft.rfft(frames[k : k + 4096] * taper, axis=1)) ** 2
        out.append(power @ bank.T)
    level = 10 * np.log10(np.maximum(np.concatenate(out), 1e-10))
    level = np.maximum(level, level.max() - 80)
    c = scipy.fft.dct(level, axis=1, norm="ortho")[:, :count]
    return (c - c.mean(axis=0)) / (c.std(axis=0) + 1e-12)


def sliding(long, short, lags):
    """For each lag from 0: the norm over the coefficients of the correlation of short with long from that lag on."""
    n = scipy.fft.next_fast_len(len(long) + len(short))
    total = np.zeros(lags)
    for k in range(long.shape[1]):
        c = scipy.fft.irfft(scipy.fft.rfft(long[:, k], n) * np.conj(scipy.fft.rfft(short[:, k], n)), n)
        total += c[:lags] ** 2
    return np.sqrt(total)


def bbc(reference, other):
    a, b = cepstra(decode(reference, 900)), cepstra(decode(other, 900))
    frames = min(len(a) // 3, len(b), 2000)
    if frames < 10:
        return None, 0, "too short"
    lags = min(len(a), len(b)) - frames + 1
    later = sliding(a, b[:frames], lags)
    earlier = sliding(b, a[:frames], lags)[1:]
    heights = np.concatenate([earlier[::-1], later])
    best = int(np.argmax(heights))
    score = (heights[best] - heights.mean()) / (heights.std() + 1e-12)
    return (best - len(earlier)) * 128 / RATE, float(score), f"standard score {score:.1f}"


def xcorr(reference, other):
    a, b = decode(reference), decode(other)
    n = scipy.fft.next_fast_len(len(a) + len(b), real=True)
    cross = scipy.fft.rfft(a, n)
    cross *= np.conj(scipy.fft.rfft(b, n))
    cross /= np.abs(cross) + np.float32(1e-12)
    f = np.linspace(0, RATE / 2, len(cross), dtype=np.float32)
    cross[(f < 200) | (f > 3400)] = 0
    c = scipy.fft.irfft(cross, n, overwrite_x=True)
    best = int(np.argmax(c))
    score = c[best] / (c.std() + 1e-12)
    y0, y1, y2 = (float(c[(best + k) % n]) for k in (-1, 0, 1))
    bend = y0 - 2 * y1 + y2
    fraction = 0.5 * (y0 - y2) / bend if bend else 0.0
    if best > len(a):
        best -= n
    return (best + fraction) / RATE, float(score), f"{score:.1f} standard deviations"


def duration(path):
    command = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path]
    return float(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def main():
    methods = {"bbc": bbc, "xcorr": xcorr}
    if len(sys.argv) != 4 or sys.argv[1] not in methods:
        sys.exit("usage: peers.py bbc|xcorr REFERENCE OTHER")
    name, reference, other = sys.argv[1:]
    offset, score, reason = methods[name](reference, other)
    result = {"verdict": "cannot-align", "confidence": min(1.0, score / (2 * ACCEPT)), "pieces": [], "reason": reason}
    if offset is not None and score >= ACCEPT:
        begin, end = max(0.0, -offset), min(duration(other), duration(reference) - offset)
        if end > begin:
            result.update(verdict="approximate", pieces=[{"from": begin, "to": end, "start": offset, "rate": 1, "residual": 0}])
    print(json.dumps(result))


if __name__ == "__main__":
    main()
