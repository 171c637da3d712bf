"""Put all faults into small runs and say what became of each."""

import argparse
import platform
import sys
import tempfile
import time
import traceback
from functools import partial
from pathlib import Path

from workflow_helpers import ROOT

from emmoe.store import provenance
from faults import disks, of_jobs, places
from faults.kills import kills, second_run
from faults.lab import Outcome, World

SEED = 20250713
RECORD = ROOT / "results" / "reference" / "faults.txt"


def faults(place):
    """Return the faults to inject, by name, and how many each stands for."""
    full = {
        "disk of the results full": disks.full_results,
        "disk of the whole folder full": disks.full_folder,
    }
    others = {
        "temporary folder full": places.full_scratch,
        "sources and home read-only": places.read_only_sources,
        "disk full while a run is kept": places.full_reference,
    }
    if not disks.can_mount(place):
        full, others = {"files longer than allowed": disks.limited_files}, {}
    return {
        "scheduler killed": (partial(kills, whole=False, times=10), 10),
        "process group killed": (partial(kills, whole=True, times=10), 10),
        "second run in the folder": (second_run, 1),
        "second checkout with the same results": (places.second_checkout, 1),
        **{name: (fault, 1) for name, fault in (full | others).items()},
        "results cannot be written": (disks.read_only, 1),
        "results are a file": (disks.file_for_folder, 1),
        "trace truncated": (disks.truncated, 1),
        "download corrupted": (disks.corrupted_download, 1),
        "trace edited by hand": (disks.edited, 1),
    }


def injected(fault, times, *into):
    """Inject a fault; one that the run does not survive is told with its traceback."""
    try:
        return fault(*into)
    except Exception:
        traceback.print_exc()
        return Outcome(times, 0, 0, 0, "not survived")


def into_jobs(world):
    """Inject every fault of a single job into a job of every kind; return what became of each."""
    mounted = disks.can_mount(world.place)
    faults = [name for name in of_jobs.FAULTS if mounted or name != of_jobs.MOUNTED]
    with of_jobs.Jobs.made(world, mounted=mounted) as jobs:
        return {
            (kind, name): injected(of_jobs.injected, 1, jobs, kind, name, world.chance)
            for kind in of_jobs.FILES
            for name in faults
        }


def main():
    """Inject all faults; exit with 1 unless all were survived and nothing was lost or differs."""
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__)
    parser.add_argument("--keep", action="store_true", help=f"write {RECORD.relative_to(ROOT)}")
    args = parser.parse_args()
    lines, outcomes, started = [], [], time.monotonic()

    def say(line):
        print(line, flush=True)
        lines.append(line)

    described = provenance.environment()
    say(f"{described.commit}, {described.cpu}, {platform.system()}, seed {SEED}")
    with tempfile.TemporaryDirectory(prefix="emmoe-faults-") as name:
        place = Path(name).resolve()
        world = World.made(place, SEED)
        say(f"an undisturbed run takes {world.seconds:.0f} s")
        for what, (fault, times) in faults(place).items():
            outcome = injected(fault, times, world)
            said = outcome.said.replace(str(place), "...")
            say(f"{what}, {times}: lost {outcome.lost}, differing {outcome.differing}: {said}")
            outcomes.append(outcome)
        of_one = into_jobs(world)
        say(f"faults of one job, {len(of_one)}: what became of its files")
        for line in of_jobs.table(of_one):
            say(line)
        outcomes += of_one.values()
    totals = {field: sum(getattr(o, field) for o in outcomes) for field in Outcome._fields[:4]}
    say(f"{(time.monotonic() - started) / 60:.1f} minutes")
    say("faults: " + " ".join(f"{field}={total}" for field, total in totals.items()))
    right = totals["survived"] == totals["injected"] and not totals["lost"] + totals["differing"]
    if right and args.keep:
        RECORD.write_text("\n".join(lines) + "\n")
    sys.exit(0 if right else 1)


if __name__ == "__main__":
    main()
