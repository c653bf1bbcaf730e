"""One case of a set: a scene heard by two devices, each with its own clock, place in the room, noise, gaps and codec.

The rooms, noises, gain control, noise suppression and drift are the simulator's; here they are put together in other ways than
its own make(): windows of any length on one scene, pieces of any length, music, a second conversation, hum, clipping, a dead
channel, two takes, and a screen recording of the very same microphone.
"""
import json
import os
import shutil

import numpy as np
import scipy.signal as ss

import encode
import scenes

RATE = 16000
MARGIN = 1.0  # seconds of scene rendered around a recording, so that echoes run in


def device(rng, kind, snr, tau=None):
    """Where a device stands and how it hears. Distances in metres."""
    laptop = kind == "laptop"
    return {
        "near": rng.uniform(0.4, 0.8) if laptop else rng.uniform(1.0, 2.0),
        "far": 0.3 if laptop else 1.3,
        "music": rng.uniform(1.5, 3),
        "second": None if laptop else rng.uniform(0.5, 1.2),
        "snr": snr,
        "noise": ["pink", "brown", "white"][rng.integers(0, 3 if laptop else 2)],
        "agc": rng.uniform(0.3, 2) if laptop else rng.uniform(0.5, 3),
        "band": (rng.uniform(80, 220), rng.uniform(3800, 7500)) if laptop else (rng.uniform(60, 180), rng.uniform(5000, 7800)),
    }


def hear(sim, rng, tracks, first, seconds, dev, case, kind):
    """What the device's microphone and sound card give for scene time first..first+seconds, 16 kHz."""
    laptop = kind == "laptop"
    n = int(seconds * RATE)
    room = case["rt60"]

    def part(name):
        track = tracks.get(name)
        out = np.zeros(n, np.float32)
        if track is None:
            return None
        s = int(first * RATE)
        a, b = max(0, s), min(len(track), s + n)
        if b > a:
            out[a - s : b - s] = track[a:b]
        return out if out.any() else None

    def through(x, distance):
        return sim.conv(x, sim.rir(rng, distance, room))

    y = np.zeros(n, np.float32)
    near, far, music, second = part("near"), part("far"), part("music"), part("second")
    if near is not None:
        y += through(near, dev["near"])
    if far is not None:
        far += rng.standard_normal(n, dtype=np.float32) * np.float32(1e-7)  # a filter that rings out in zeros is ten times slower
        speaker = ss.sosfilt(ss.butter(2, [250, 6500], "bandpass", fs=RATE, output="sos"), far).astype(np.float32)
        gain = (0.02 if case["aec"] else 0.8) if laptop else 0.5
        y += np.float32(gain) * through(speaker, dev["far"])
    active = np.abs(y) > 1e-3
    level = float(np.sqrt(np.mean(y[active] ** 2))) if active.any() else 0.05
    if music is not None:
        y += scaled(through(music, dev["music"]), level * 10 ** (case["music_db"] / 20))
    if second is not None and dev["second"]:
        y += scaled(through(second, dev["second"]), level * 10 ** (case["second_db"] / 20))
    y += sim.noise(rng, n, dev["noise"]) * np.float32(level * 10 ** (-dev["snr"] / 20))
    y += hum(rng, case, first, n, level)
    if case["ns"] and laptop:
        y = sim.specgate(y, rng)[:n]
    y = sim.agc(y, dev["agc"]).astype(np.float32)
    y = ss.sosfilt(ss.butter(2, dev["band"], "bandpass", fs=RATE, output="sos"), y).astype(np.float32)
    if case["clip"] and kind in case["clip"]["who"]:
        top = np.quantile(np.abs(y[:: 7]), 1 - case["clip"]["share"])
        y = np.clip(y, -top, top) / np.float32(top) * np.float32(0.9)
    return y


def scaled(x, level):
    return x * np.float32(level / (np.sqrt(np.mean(x**2)) + 1e-9))


def hum(rng, case, first, n, level):
    phase = scenes.mains(case["grid"], first, n)
    y = np.zeros(n, np.float32)
    for h in range(1, 12):
        y += np.float32(rng.uniform(0.2, 1) / h**0.7) * np.sin(h * phase + rng.uniform(0, 6)).astype(np.float32)
    return scaled(y, level * 10 ** (case["hum_db"] / 20))


def record(sim, x, first, begin, end, ppm, gaps):
    """Samples of x (which starts at scene time first) as a clock that is fast by ppm takes them from scene time begin to end,
    less the gaps [(seconds kept before, seconds lost)]. Returns the samples and the truth's pieces."""
    rate = 1 / (1 + ppm * 1e-6)
    count = int((end - begin) / rate * RATE) - 10
    y = sim.resample_at(x, (begin - first + np.arange(count) / RATE * rate) * RATE)
    keep, pieces, position, written = [], [], 0, 0

    def piece(stop):
        nonlocal written
        keep.append(y[position:stop])
        f0, f1 = written / RATE, (written + stop - position) / RATE
        pieces.append({"f0": f0, "f1": f1, "T0": begin + position / RATE * rate, "rate": rate})
        written += stop - position

    for kept, lost in gaps:
        stop = position + int(kept * RATE)
        if stop + int((lost + 5) * RATE) > len(y):
            break
        piece(stop)
        position = stop + int(lost * RATE)
    piece(len(y))
    return np.concatenate(keep), pieces


def finish(x, pieces, codec, out, dead):
    """Encodes, and moves the truth by what delay the codec has."""
    path, late = encode.encode(x, codec, out, dead)
    for p in pieces:
        p["f0"] += late
        p["f1"] += late
    return path, late


def make(sim, pools, case, folder):
    """Renders case into folder as NAME_l.*, NAME_p.*, NAME.json; more takes as NAMEb_p.*, NAMEb.json with the same laptop."""
    rng = np.random.default_rng([case["seed"], 1])
    sim.TAIL = case["tail"]
    case = dict(case, rt60=rng.uniform(*case["rt"]))
    here, there = case["build"](sim, pools, case)
    (l0, l1), laptop = case["ref"], device(rng, "laptop", case["snr_l"])
    name = case["name"]
    x = hear(sim, rng, here, l0 - MARGIN, l1 - l0 + 2 * MARGIN, laptop, case, "laptop")
    samples, pieces_l = record(sim, x, l0 - MARGIN, l0, l1, case["ppm_l"], case["gaps_l"])
    file_l, late_l = finish(samples, pieces_l, case["codec_l"], os.path.join(folder, name + "_l"), case["dead_l"])
    for k, take in enumerate(case["takes"]):
        label = name + ("" if k == 0 else "bcd"[k - 1])
        p0, p1 = take["span"]
        if case["same_microphone"]:
            phone = laptop
            y, first = x, l0 - MARGIN
            if p0 < first or p1 > l1 + MARGIN:
                raise ValueError(f"{name}: a screen recording must lie within the camera's scene time")
        else:
            phone = device(rng, "phone", case["snr_p"]) if k == 0 else phone
            y, first = hear(sim, rng, there, p0 - MARGIN, p1 - p0 + 2 * MARGIN, phone, case, "phone"), p0 - MARGIN
        samples, pieces_p = record(sim, y, first, p0, p1, case["ppm_l"] + case["ppm"], take["gaps"])
        file_p, late_p = finish(samples, pieces_p, take["codec"], os.path.join(folder, label + "_p"), case["dead_p"])
        truth = {
            "l": os.path.basename(file_l), "p": os.path.basename(file_p), "set": case["set"], "kind": case["kind"],
            "neg": case["neg"], "seed": case["seed"], "ppm": case["ppm"], "snrL": case["snr_l"], "snrP": case["snr_p"],
            "rt60": case["rt60"], "acoustic": (phone["near"] - laptop["near"]) / 343, "L": pieces_l, "P": pieces_p,
            "codecs": [case["codec_l"], take["codec"]], "codec_delay": [late_l, late_p],
        }  # fmt: skip
        with open(os.path.join(folder, label + ".json.part"), "w") as f:
            json.dump(truth, f)
    # All takes of a case appear together: a case half made is made again.
    for k in reversed(range(len(case["takes"]))):
        label = os.path.join(folder, name + ("" if k == 0 else "bcd"[k - 1]) + ".json")
        shutil.move(label + ".part", label)
