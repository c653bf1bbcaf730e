#!/usr/bin/python3
"""Makes the sets that `trivue align` is measured on: pairs of recordings whose true relation is known.

    bench/align/sets.py [--quick] [--seeds tuned|fresh|third] [--only SET]... [--out FOLDER] [--workers N]

The simulator (rooms, noise, gain control, noise suppression, drift) is not part of this repository: it is looked for in
$TRIVUE_SHARED/alignlab, by default ../shared/alignlab beside the repository. A case that is there is not made again.
"""
import argparse
import importlib.util
import multiprocessing
import os
import shutil
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
REPOSITORY = os.path.dirname(os.path.dirname(HERE))


def simulator():
    """The simulator's module and its folder, or an end with a message that says what is missing."""
    shared = os.environ.get("TRIVUE_SHARED", os.path.join(REPOSITORY, "..", "shared"))
    folder = os.path.abspath(os.path.join(shared, "alignlab"))
    if not os.path.exists(os.path.join(folder, "sim.py")):
        sys.exit(f"sets: the simulator is not in {folder}: set TRIVUE_SHARED to the folder that has alignlab/sim.py in it")
    for module in ("numpy", "scipy"):
        if importlib.util.find_spec(module) is None:
            sys.exit(f"sets: {module} is missing: run scripts/setup.sh bench-align, and use /usr/bin/python3")
    for tool in ("espeak-ng", "ffmpeg"):
        if shutil.which(tool) is None:
            sys.exit(f"sets: {tool} is missing: run scripts/setup.sh bench-align")
    sys.path.insert(0, folder)
    import sim

    return sim, folder


def work(case):
    import render

    folder = os.path.join(OUT, case["set"])
    os.makedirs(folder, exist_ok=True)
    begun = time.process_time()
    render.make(SIM, POOLS, case, folder)
    return case["name"], time.process_time() - begun


def missing(out, case):
    extra = ["", "b", "c", "d"][: len(case["takes"])]
    return not all(os.path.exists(os.path.join(out, case["set"], case["name"] + x + ".json")) for x in extra)


def main():
    global SIM, POOLS, OUT
    options = argparse.ArgumentParser(description="makes the sets of the alignment benchmark")
    options.add_argument("--quick", action="store_true", help="some sixty short cases")
    options.add_argument("--seeds", default="tuned", metavar="FAMILY", help="whose seeds and voices: tuned (default), fresh or third")
    options.add_argument("--only", action="append", metavar="SET", help="this set only; may be given more than once")
    options.add_argument("--out", help="default .cache/bench-align/FAMILY-full or ...-quick")
    options.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    options = options.parse_args()

    SIM, alignlab = simulator()
    import plan
    import voices

    cache = os.path.join(REPOSITORY, ".cache", "bench-align")
    OUT = options.out or os.path.join(cache, options.seeds + ("-quick" if options.quick else "-full"))
    if options.seeds not in plan.FAMILIES:
        sys.exit(f"sets: no family of seeds {options.seeds}; there are {', '.join(plan.FAMILIES)}")
    try:
        cases = plan.cases(options.quick, options.only, options.seeds)
    except ValueError as e:
        sys.exit(f"sets: {e}")
    todo = [c for c in cases if missing(OUT, c)]
    print(f"sets: {len(cases)} cases in {OUT}, {len(todo)} to make", flush=True)
    if not todo:
        return
    POOLS = voices.Pools(SIM, cache, options.seeds)
    POOLS.prepare(alignlab)
    begun = time.time()
    # The first case of every set, then the second: what is made when it is interrupted has something of everything.
    todo.sort(key=lambda c: c["name"][-3:])
    with multiprocessing.get_context("fork").Pool(options.workers, initializer=os.nice, initargs=(5,)) as pool:
        for done, (name, cpu) in enumerate(pool.imap_unordered(work, todo), 1):
            left = (time.time() - begun) / done * (len(todo) - done)
            print(f"{done}/{len(todo)} {name} {cpu:.1f} s CPU, about {left / 60:.0f} min left", flush=True)


if __name__ == "__main__":
    main()
