"""What sounds in a room: the dry tracks of a scene, each at 16 kHz on the scene's clock, before any microphone hears them.

near    the candidate
far     the interviewer, or recorded questions, from a loudspeaker
music   a loudspeaker playing music
second  another conversation close to the phone only
"""
import numpy as np

RATE = 16000


def conversation(sim, rng, length, near, far):
    """An interview as the simulator makes it: questions (where far is given), pauses and answers in turn."""
    try:
        a, b = sim.scene(rng, length, near, far)
    except ValueError:
        # The simulator cannot place a question that would begin behind the end: two long ones in a short scene do.
        a, b = sim.scene(rng, length, near, [q for q in far if len(q) < 6 * RATE])
    return {"near": a, "far": b}


def scripted(rng, length, near, questions, times):
    """An examination that plays the same questions at stated times; the candidate answers in between."""
    n = int(length * RATE)
    a, b = np.zeros(n, np.float32), np.zeros(n, np.float32)
    order = rng.permutation(len(near))
    k = 0
    for i, start in enumerate(times):
        question = questions[i % len(questions)]
        place(b, question, start)
        t = start + len(question) / RATE + rng.uniform(0.4, 2.5)
        end = times[i + 1] if i + 1 < len(times) else length
        while t < end - 2:
            words = near[order[k % len(near)]]
            k += 1
            place(a, words[: int((end - 0.3 - t) * RATE)], t, rng.uniform(0.6, 1.2))
            t += len(words) / RATE + rng.uniform(0.15, 1.2)
    return {"near": a, "far": b}


def question_times(rng, length, questions, share):
    """Starts of the questions so that they take about share of the time."""
    times, t, i = [], rng.uniform(1, 4), 0
    while t < length - 12:
        times.append(t)
        spoken = len(questions[i % len(questions)]) / RATE
        t += spoken + max(3.0, spoken * (1 / share - 1) * rng.uniform(0.6, 1.4))
        i += 1
    return times


def place(track, words, start, gain=1.0):
    s = int(start * RATE)
    e = min(len(track), s + len(words))
    if e > s:
        track[s:e] += words[: e - s] * np.float32(gain)


def chatter(rng, length, voices):
    """A second conversation that goes on for about two thirds of the time."""
    track = np.zeros(int(length * RATE), np.float32)
    t = rng.uniform(0, 10)
    while t < length:
        words = voices[rng.integers(len(voices))]
        place(track, words, t, rng.uniform(0.7, 1.2))
        t += len(words) / RATE + (rng.uniform(0.2, 1.5) if rng.random() < 0.85 else rng.uniform(4, 15))
    return track


def music(rng, length):
    """Four repeated chords, a melody that does not repeat, and a beat: what is periodic in it tempts a correlator."""
    track = np.zeros(int(length * RATE), np.float32)
    beat = 60 / rng.uniform(70, 130)
    root = 110 * 2 ** (rng.integers(0, 12) / 12)
    chords = [np.array([0, 4, 7]) + s for s in rng.permutation([0, 5, 7, 9])]
    scale = np.array([0, 2, 4, 5, 7, 9, 11, 12, 14, 16])
    bright = rng.uniform(0.3, 0.7)
    notes = {}

    def note(semitone, seconds, gain):
        key = (semitone, round(seconds, 3))
        if key not in notes:
            t = np.arange(int(seconds * RATE), dtype=np.float32) / RATE
            f = root * 2 ** (semitone / 12)
            wave = sum(bright**h * np.sin(2 * np.pi * f * (h + 1) * t) for h in range(6) if f * (h + 1) < 7000)
            notes[key] = (wave * np.exp(-3 * t) * np.minimum(1, t * 200)).astype(np.float32)
        return notes[key] * np.float32(gain)

    hat = rng.standard_normal(int(0.06 * RATE)).astype(np.float32) * np.exp(-np.arange(int(0.06 * RATE)) / 150).astype(np.float32)
    t = np.arange(int(0.25 * RATE)) / RATE
    kick = (np.sin(2 * np.pi * (50 + 60 * np.exp(-25 * t)) * t) * np.exp(-14 * t)).astype(np.float32)
    for i in range(int(length / beat)):
        start = i * beat
        if i % 4 == 0:
            for s in chords[i // 4 % 4]:
                place(track, note(s, 2.0, 0.5), start)
        place(track, kick if i % 2 == 0 else hat, start, 0.9)
        place(track, hat, start + beat / 2, 0.4)
        for step in (0, 0.5):
            if rng.random() < 0.7:
                place(track, note(scale[rng.integers(len(scale))] + 12, 0.8, 0.8), start + step * beat)
    return track / np.float32(np.sqrt(np.mean(track**2)) + 1e-9) * np.float32(0.1)


def mains(seed, first, count):
    """The mains' phase in radians for count samples from scene time first: 50 Hz that wanders as a grid does (±20 mHz)."""
    r = np.random.default_rng(seed)
    periods, phases = r.uniform(20, 300, 4), r.uniform(0, 2 * np.pi, 4)
    t = first + np.arange(count) / RATE
    turn = 50 * t
    for p, a in zip(periods, phases):
        turn = turn + 0.008 * p / (2 * np.pi) * np.sin(2 * np.pi * t / p + a)
    return 2 * np.pi * np.mod(turn, 1)
