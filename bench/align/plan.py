"""The sets: which cases there are, and the seeds that they are made from.

Every random choice comes from a family's seed, the name of the set and the number of the case, so that a set made again is the same
set (with the same versions of numpy, scipy, espeak-ng and the encoders), and a set can grow without changing the cases it had.
"""
import random

import numpy as np

import scenes
import voices

# The aligner's thresholds were chosen on the first family. What it does with scenes that nobody looked at while choosing is seen on the
# others, whose voices are others too (voices.py), in rooms that ring longer.
FAMILIES = {
    "tuned": {"seed": 311, "rt": (0.25, 0.7)},
    "fresh": {"seed": 20917, "rt": (0.2, 0.8)},
    "third": {"seed": 55103, "rt": (0.3, 0.8)},
}

WIDE = ["opus16", "opus24", "opus32", "aac32", "aac48", "aac64"]
NARROW = ["amr", "mulaw", "alaw", "gsm", "aac16-8k", "opus12-narrow", "mp3-8k"]
CONTAINERS = ["opus32-late", "aac64-late", "opus32-60ms", "opus32-mp4", "aac64-fragmented"]


def new(set_name, number, length, r, **changes):
    """A case in a typical room; changes say what is special."""
    snr = r.choice([5, 10, 15, 20])
    case = {
        "set": set_name, "name": f"{set_name}{number:03d}", "kind": set_name, "neg": False, "length": length,
        "seed": r.randrange(1 << 40), "grid": r.randrange(1 << 30),
        "ref": (0, length), "takes": [{"span": (0, length), "gaps": [], "codec": r.choice(["opus24", "opus32", "aac48", "aac64"])}],
        "ppm": r.choice([-1, 1]) * r.uniform(5, 100), "ppm_l": r.uniform(-20, 20), "gaps_l": [],
        "snr_l": snr + 5, "snr_p": snr, "tail": 0.2, "aec": r.random() < 0.7, "ns": True,
        "music_db": 0.0, "second_db": 0.0, "hum_db": -32.0, "clip": None, "dead_l": None, "dead_p": None,
        "codec_l": r.choice(["opus24", "opus32"]), "same_microphone": False, "build": interview(far=r.random() < 0.8),
    }  # fmt: skip
    case.update(changes)
    return case


# --- scenes -----------------------------------------------------------------------------------------------------------


class interview:
    """Both devices in one room. more: "music", "second". mute: from and to what scene second all are silent. voice: a named one."""

    def __init__(self, far=True, more=(), mute=None, voice=None):
        self.far, self.more, self.mute, self.voice = far, more, mute, voice

    def __call__(self, sim, pools, case):
        rng = np.random.default_rng([case["seed"], 2])
        near = pools.some(0, 400) if self.voice is None else pools.named(self.voice)
        tracks = scenes.conversation(sim, rng, case["length"], near, pools.some(600, 750) if self.far else None)
        tracks.update(extra(self.more, rng, pools, case["length"]))
        if self.mute:
            a, b = (int(t * scenes.RATE) for t in self.mute)
            for track in tracks.values():
                track[a:b] = 0
        return tracks, tracks


def extra(more, rng, pools, length):
    made = {}
    if "music" in more:
        made["music"] = scenes.music(rng, length)
    if "second" in more:
        made["second"] = scenes.chatter(rng, length, pools.some(400, 600))
    return made


class apart:
    """Two rooms: nothing that one device hears is heard by the other, except what how says is played in both."""

    def __init__(self, how, share=0.4, voices=(0, 1)):
        self.how, self.share, self.voices = how, share, voices

    def __call__(self, sim, pools, case):
        one, two = (np.random.default_rng([case["seed"], k]) for k in (2, 3))
        length, how = case["length"], self.how
        questions = [pools.some(600, 750)[i] for i in one.permutation(150)]
        if how == "other scene":
            here = scenes.conversation(sim, one, length, pools.some(0, 400), questions)
            return here, scenes.conversation(sim, two, length, pools.some(400, 600), pools.some(750, 900))
        if how == "same voice":
            words = pools.named(self.voices[0])
            half = len(words) // 2
            far = questions[:75], questions[75:]
            here = scenes.conversation(sim, one, length, words[:half], far[0])
            return here, scenes.conversation(sim, two, length, words[half:], far[1])
        if how == "same questions":
            here = scenes.conversation(sim, one, length, pools.some(0, 400), questions)
            return here, scenes.conversation(sim, two, length, pools.some(400, 600), questions)
        if how in ("same times", "nearly same times"):
            times = scenes.question_times(one, length, questions, self.share)
            moved = [t + (two.uniform(-0.15, 0.15) if how == "nearly same times" else 0) for t in times]
            here = scenes.scripted(one, length, pools.some(0, 400), questions, times)
            return here, scenes.scripted(two, length, pools.some(400, 600), questions, moved)
        if how == "earlier attempt":
            # The same person says the same things again, to the same questions.
            here = scenes.conversation(sim, one, length, pools.named(self.voices[0]), questions)
            return here, scenes.conversation(sim, two, length, pools.named(self.voices[0], again=1), questions)
        if how == "same music":
            tune = scenes.music(one, length)
            here = dict(scenes.conversation(sim, one, length, pools.some(0, 400), questions[:75]), music=tune)
            return here, dict(scenes.conversation(sim, two, length, pools.some(400, 600), questions[75:]), music=tune)
        if how == "silence":
            return scenes.conversation(sim, one, length, pools.some(0, 400), questions), {}
        if how == "silence in both":
            return {}, {}
        raise ValueError(how)


# --- gaps -------------------------------------------------------------------------------------------------------------


def lost(r):
    """A gap of 30–150 ms or of 1–20 s."""
    return r.uniform(0.03, 0.15) if r.random() < 0.5 else r.uniform(1, 20)


def gaps(r, shortest, longest, count):
    return [(r.uniform(shortest, longest), lost(r)) for _ in range(count)]


# --- sets with truth --------------------------------------------------------------------------------------------------


def positives(set_name, i, r, quick):
    """Case i of a set. Quick cases are of one to two minutes."""
    length = r.uniform(75, 120) if quick else r.choice([150, 200, 240, 300])
    later = r.uniform(-0.2, 0.3) * length  # the phone starts later than the laptop, or earlier
    ref, span = (max(0, -later), length), (max(0, later), length - r.uniform(0, 8))
    take = {"span": span, "gaps": [], "codec": r.choice(["opus24", "opus32", "aac48", "aac64"])}

    def base(length=length, ref=ref, take=take, **changes):
        return new(set_name, i, length, r, ref=ref, takes=[take], **changes)

    if set_name == "typical":
        return base()
    if set_name == "harsh":
        snr = r.choice([0, 0, 5, 10])
        return base(snr_l=snr + r.choice([0, 5]), snr_p=snr, tail=0.7, aec=r.random() < 0.6, ns=r.random() < 0.7)
    if set_name == "hour":
        length, later = 3600, [300, -60, 30][i % 3]
        take.update(span=(max(0, later), length - 5), gaps=[(r.uniform(200, 900), lost(r)) for _ in range([0, 3, 2][i % 3])])
        changes = {"gaps_l": [(1500, lost(r))] if i == 2 else [], "ppm": [100, -273, 50][i % 3], "tail": 0.7}
        return base(length=length, ref=(max(0, -later), length), snr_l=10, snr_p=[10, 5, 0][i % 3], **changes)
    if set_name == "drift":
        return base(ppm=r.choice([-1, 1]) * (400 if i % 2 else r.uniform(250, 400)))
    if set_name == "offsets":
        shared = 60 if quick else 120
        later = [600, -300, 450, -200, 300, -120][i % 6] * (0.2 if quick else 1)
        length = abs(later) + shared
        take.update(span=(max(0, later), length - 3))
        return base(length=length, ref=(max(0, -later), length))
    if set_name in ("gaps-phone", "gaps-laptop", "gaps-both"):
        count = 3 if quick else 7
        if set_name != "gaps-laptop":
            take["gaps"] = gaps(r, 15, 40, count)
        return base(gaps_l=gaps(r, 15, 40, count) if set_name != "gaps-phone" else [])
    if set_name == "overlap":
        own = r.uniform(60, 100) if quick else r.choice([150, 300])
        shared = max(own * 0.1, 10 if quick else 15)
        length = 2 * own - shared
        sides = [(0, own), (own - shared, length)]
        r.shuffle(sides)
        take.update(span=sides[1])
        return base(length=length, ref=sides[0])
    if set_name == "silence":
        length = r.uniform(120, 150) if quick else r.choice([240, 300])
        mute = (0.3 * length, 0.3 * length + (50 if quick else r.uniform(90, 130)))
        take.update(span=(max(0, later), length - 3))
        return base(length=length, ref=(max(0, -later), length), build=interview(mute=mute))
    if set_name == "takes":
        length = length if quick else 300
        cut, pause = length * r.uniform(0.35, 0.6), r.uniform(3, 20)
        first, second = {**take, "span": (r.uniform(0, 8), cut)}, {**take, "span": (cut + pause, length - r.uniform(0, 8))}
        return base(length=length, ref=(0, length)) | {"takes": [second, first]}
    if set_name == "music":
        return base(build=interview(more=["music"]), music_db=r.choice([-10, -5, 0]))
    if set_name == "second-speaker":
        return base(build=interview(more=["second"]), second_db=r.choice([-6, 0, 6]))
    if set_name == "hum":
        return base(hum_db=r.choice([-6, 0, 6]))
    if set_name == "clipping":
        return base(clip={"share": r.choice([0.05, 0.1, 0.2]), "who": r.choice([["phone"], ["laptop", "phone"]])})
    if set_name == "mandarin":
        return base(build=interview(voice=voices.MANDARIN[i % len(voices.MANDARIN)]))
    if set_name == "telephone":
        take["codec"] = NARROW[i % len(NARROW)]
        return base()
    if set_name == "dead-channel":
        return base(**{r.choice(["dead_l", "dead_p"]): ["left", "right", "left-noise", "right-noise"][i % 4]})
    if set_name == "codecs":
        every = WIDE + CONTAINERS
        take["codec"] = every[i % len(every)]
        return base(codec_l=every[(i * 5 + 2) % len(every)])
    if set_name == "short":
        duration = r.uniform(10, 20)
        begin = r.uniform(15, length - 35)
        take.update(span=(begin, begin + duration))
        return base(ref=(0, length))
    if set_name == "screen":
        count = r.choice([0, 1, 2])
        begin, end = (round(t * 100) / 100 for t in (r.uniform(0.5, 40), length - r.uniform(1, 10)))
        take.update(span=(begin, end), codec=r.choice(["opus24", "opus32"]), gaps=gaps(r, 15, 40, count))
        return base(ref=(0, length), ppm=0, ppm_l=0, same_microphone=True, gaps_l=gaps(r, 15, 40, r.choice([0, 0, 1])))
    raise ValueError(set_name)


POSITIVE = {
    "typical": 16, "harsh": 24, "hour": 3, "drift": 8, "offsets": 6, "gaps-phone": 8, "gaps-laptop": 6, "gaps-both": 6, "overlap": 14,
    "silence": 6, "takes": 4, "music": 8, "second-speaker": 8, "hum": 6, "clipping": 6, "telephone": 14, "dead-channel": 4,
    "mandarin": 6, "codecs": 11, "short": 12, "screen": 10,
}  # fmt: skip


# --- negatives --------------------------------------------------------------------------------------------------------


def negative(set_name, i, r, quick):
    length = r.uniform(60, 100) if quick else r.choice([60, 60, 60, 75, 90, 90, 120, 150, 240])
    shift = r.uniform(0, 15)
    aligned = set_name == "neg-same-times"
    how = {
        "neg-other": "other scene", "neg-voice": "same voice", "neg-questions": "same questions",
        "neg-same-times": r.choice(["same times", "nearly same times"]), "neg-attempt": "earlier attempt", "neg-music": "same music",
        "neg-hum": "other scene", "neg-silence": r.choice(["silence", "silence", "silence in both"]), "neg-noise": "silence in both",
    }[set_name]  # fmt: skip
    voice = r.randrange(8)
    leaks = set_name in ("neg-questions", "neg-same-times", "neg-attempt")
    case = new(
        set_name, i, length + 20, r, neg=True, kind=set_name + ": " + how,
        ref=(0 if aligned else r.uniform(0, 15), length), build=apart(how, share=r.uniform(0.2, 0.5), voices=(voice, voice)),
        aec=False if leaks else r.random() < 0.5, ns=r.random() < 0.5,
    )  # fmt: skip
    case["takes"][0]["span"] = (shift, shift + length)
    if set_name == "neg-hum":
        case["hum_db"] = r.choice([-6, 0, 6])
    if set_name == "neg-music":
        case["music_db"] = r.choice([-10, -5])
    if set_name == "neg-noise":
        case["snr_l"], case["snr_p"] = -10, -10
    if r.random() < 0.25:
        case["takes"][0]["codec"] = r.choice(NARROW)
    return case


NEGATIVE = {
    "neg-other": 90, "neg-voice": 40, "neg-questions": 60, "neg-same-times": 40, "neg-attempt": 24, "neg-music": 20, "neg-hum": 20,
    "neg-silence": 10, "neg-noise": 8,
}  # fmt: skip

QUICK = {name: 2 for name in POSITIVE if name not in ("hour", "mandarin")} | {"typical": 3, "harsh": 4, "gaps-phone": 3, "gaps-both": 3, "telephone": 3}
QUICK |= {"neg-other": 4, "neg-voice": 2, "neg-questions": 4, "neg-same-times": 4, "neg-attempt": 2, "neg-music": 2, "neg-hum": 1, "neg-silence": 1}


def cases(quick, only=None, family="tuned"):
    """Every case of the plan, in the order in which they are made."""
    seed, rooms = FAMILIES[family]["seed"], FAMILIES[family]["rt"]
    plan = QUICK if quick else POSITIVE | NEGATIVE
    if only and (unknown := set(only) - set(plan)):
        raise ValueError(f"no set {', '.join(sorted(unknown))}; there are {', '.join(plan)}")
    made = []
    for set_name, count in plan.items():
        if only and set_name not in only:
            continue
        for i in range(count):
            r = random.Random(f"{seed}/{'quick/' if quick else ''}{set_name}/{i}")
            case = (negative if set_name in NEGATIVE else positives)(set_name, i, r, quick)
            made.append(case | {"rt": rooms})
    return made
