"""Dry speech for the scenes: a pool of utterances (the simulator's, or one of our own for other families of seeds), and named voices.

The simulator's pool does not say which voice spoke an utterance. The negatives "same voice, other text" and "the candidate's
earlier attempt" need to know it, so a second pool is spoken here: eight voices, each with sixty sentences, and each sentence
a second time a little faster and lower, as a person says the same thing twice.
"""
import os
import random
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np

RATE = 16000
POOL_SIZE = 900  # what the simulator's mkpool.py makes
SENTENCES = 60
MANDARIN = [6, 7]  # of a family's voices

# A family's named voices and seed, and where its pool is not the simulator's, the voices of that.
FAMILIES = {
    "tuned": {
        "seed": 31100, "pool": None,
        "voices": ["en-us", "en-gb-scotland", "en-us+f3", "en+m5", "en-gb-x-rp+f1", "en+m1", "cmn", "cmn+f2"],
    },
    "fresh": {
        "seed": 20918,
        "pool": ["en-029", "en-us+linda", "en-gb-x-gbclan+m4", "en-us-nyc", "en+f5", "en-gb-x-gbcwmd", "de+steph", "cmn+m3", "es+f1", "en-us+m8"],
        "voices": ["en-029+m6", "en-us-nyc+f2", "en-gb-x-gbclan", "en-us+steph2", "de", "es+m3", "cmn+m4", "cmn+f4"],
    },
    "third": {
        "seed": 55104,
        "pool": ["en-us+edward", "en-gb-x-rp+m6", "fr", "cmn+f1", "en+belinda", "it+f3", "en-029+f4", "pt-br", "cmn+m8", "en-us+travis"],
        "voices": ["en-us+m2", "fr+f2", "en-gb-scotland+f5", "it", "en-029+m7", "pt-br+f1", "cmn+m1", "cmn+f5"],
    },
}  # fmt: skip

MANDARIN_WORDS = (
    "我 们 在 学 校 里 做 过 一 个 项 目 主 要 是 处 理 数 据 然 后 把 结 果 放 到 网 页 上 "
    "当 时 遇 到 的 问 题 是 速 度 太 慢 所 以 换 了 一 种 算 法 先 排 序 再 查 找 时 间 从 十 秒 降 到 半 秒 "
    "如 果 重 新 设 计 会 考 虑 更 多 情 况 比 如 网 络 断 开 怎 么 办 用 户 同 时 登 录 怎 么 办 谢 谢 老 师 提 问"
).split()


def english_words():
    text = ""
    folder = "/usr/share/common-licenses/"
    for name in ["GPL-3", "Apache-2.0", "MPL-2.0", "GFDL-1.3"]:
        if os.path.exists(folder + name):
            text += open(folder + name, errors="ignore").read()
    words = sorted({w.lower() for w in re.findall(r"[A-Za-z][a-z]{2,}", text)})
    if len(words) < 500:
        sys.exit("sets: /usr/share/common-licenses has too few words to speak; install base-files")
    return words


def say(voice, speed, pitch, text, path):
    subprocess.run(["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "-w", path + ".part", text], check=True)
    os.rename(path + ".part", path)


def make_pool(folder, family):
    """Speaks a family's own pool into folder, as mkpool.py speaks the simulator's: utterances of two to fifteen seconds."""
    os.makedirs(folder, exist_ok=True)
    english = english_words()

    def speak(i):
        path = os.path.join(folder, f"{i:04d}.wav")
        if os.path.exists(path):
            return
        r = random.Random(f"{family['seed']}/pool/{i}")
        voice = r.choice(family["pool"])
        words = MANDARIN_WORDS if voice.startswith("cmn") else english
        text = " ".join(r.choice(words) for _ in range(r.randint(5, 32)))
        say(voice, r.randint(130, 195), r.randint(28, 68), text, path)

    with ThreadPoolExecutor(2) as workers:
        list(workers.map(speak, range(POOL_SIZE)))


def make_named(folder, family):
    """Speaks every sentence of every named voice twice into folder; files already there stay."""
    voices = family["voices"]
    os.makedirs(folder, exist_ok=True)
    english = english_words()

    def speak(job):
        voice, sentence, again = job
        path = named_path(folder, voice, sentence, again)
        if os.path.exists(path):
            return
        r = random.Random(f"{family['seed']}/{voices[voice]}/{sentence}")
        words = MANDARIN_WORDS if voice in MANDARIN else english
        text = " ".join(r.choice(words) for _ in range(r.randint(6, 28)))
        speed, pitch = r.randint(135, 180), r.randint(35, 60)
        if again:
            speed, pitch = round(speed * 1.06), pitch - 3
        say(voices[voice], speed, pitch, text, path)

    jobs = [(v, s, a) for v in range(len(voices)) for s in range(SENTENCES) for a in (0, 1)]
    with ThreadPoolExecutor(2) as workers:
        list(workers.map(speak, jobs))


def named_path(folder, voice, sentence, again):
    return os.path.join(folder, f"{voice}-{sentence:02d}{'b' if again else 'a'}.wav")


class Pools:
    """A family's utterances as float32 arrays at 16 kHz, all of the same loudness. Read once, then shared by forked workers."""

    def __init__(self, sim, work, family="tuned"):
        self.sim = sim
        self.family = FAMILIES[family]
        self.work = os.path.join(work, "voices", family)
        self._pool = None
        self._named = {}

    def prepare(self, alignlab):
        pool = os.path.join(self.work, "pool")
        if not os.path.exists(os.path.join(pool, f"{POOL_SIZE - 1:04d}.wav")):
            print("sets: speaking the pool of 900 utterances (minutes, once)", flush=True)
            os.makedirs(pool, exist_ok=True)
            if self.family["pool"]:
                make_pool(pool, self.family)
            else:
                subprocess.run([sys.executable, os.path.join(alignlab, "mkpool.py")], cwd=self.work, check=True)
        make_named(os.path.join(self.work, "named"), self.family)
        self.load()

    def load(self):
        """All of the pool in one array, kept on disk, because resampling 900 files takes longer than a case does."""
        data, ends = os.path.join(self.work, "pool.npy"), os.path.join(self.work, "pool-ends.npy")
        if not os.path.exists(ends):
            parts = [self.sim.rd(os.path.join(self.work, "pool", f"{i:04d}.wav")).astype(np.float32) for i in range(POOL_SIZE)]
            np.save(data, np.concatenate(parts))
            np.save(ends, np.cumsum([len(p) for p in parts]))
        ends = np.load(ends)
        self._pool = np.split(np.load(data), ends[:-1])

    def some(self, first, last):
        return self._pool[first:last]

    def named(self, voice, again=0):
        """Every sentence of one named voice."""
        key = (voice, again)
        if key not in self._named:
            folder = os.path.join(self.work, "named")
            self._named[key] = [self.sim.rd(named_path(folder, voice, s, again)).astype(np.float32) for s in range(SENTENCES)]
        return self._named[key]
