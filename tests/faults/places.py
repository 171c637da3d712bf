"""Places that are shared, full or read-only: results of two checkouts, temporary files, the
reference, the sources."""

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from workflow_helpers import environment

from faults.disks import PAGE, PLENTY, disk
from faults.lab import CONFIG, RESULTS, TARGETS, Outcome, refusal

PAPER = f"{RESULTS}/audit/paper/audit.csv"


@contextmanager
def variables(**own):
    """Environment variables of the runs that are started."""
    before = {name: os.environ.get(name) for name in own}
    os.environ.update(own)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def second_checkout(world):
    """Begin a run in another checkout with the same results: it is told, and the first one ends as
    if alone."""
    lab, other = world.fresh(), world.fresh()
    (lab.folder / "results").mkdir()
    (other.folder / "results").symlink_to(lab.folder / "results")
    process = lab.begin()
    lab.wait_for(process, "traces/*/*/*.parquet")
    finished = lab.finished()
    said = refusal(other.call(), f"another run is working in {RESULTS}", str(lab.folder))
    lab.wait(process)
    return Outcome(1, 1, lab.lost(finished), lab.differing(world.reference), said)


def full_scratch(world):
    """The folder for temporary files is full."""
    lab, scratch = world.fresh(), world.folder()
    with disk(scratch, PAGE), variables(TMPDIR=str(scratch)):
        said = refusal(lab.call(), "error: ", "TMPDIR", "No space left on device")
    return world.resumed(lab, {}, said)


def read_only_sources(world):
    """Neither the sources nor the home can be written, and nothing was compiled before."""
    lab, home = world.fresh(), world.folder()
    for cache in (lab.folder / "src").rglob("__pycache__"):
        shutil.rmtree(cache)
    own = {"HOME": str(home), "XDG_CACHE_HOME": str(lab.folder / ".snakemake/cache")}
    with disk(home, PAGE) as remount, _frozen(lab.folder / "src"), variables(**own):
        remount("ro")
        lab.run()
    return Outcome(1, 1, 0, lab.differing(world.reference), "made with what was compiled elsewhere")


@contextmanager
def _frozen(folder):
    subprocess.run(["mount", "--bind", folder, folder], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def full_reference(world):
    """The disk is full when a run is kept: the reference before it stays whole."""
    folder = world.folder()
    with disk(folder, PLENTY) as remount:
        lab = world.reference.fresh(folder)
        lab.run(target=[*TARGETS, PAPER])
        assert _keep(lab).returncode == 0
        kept = lab.files(f"{RESULTS}/reference/**/*")
        finished = lab.finished()
        remount(f"size={shutil.disk_usage(folder).used + PAGE}")
        said = refusal(_keep(lab), "error: ", "No space left on device")
        lost = int(lab.files(f"{RESULTS}/reference/**/*") != kept or not kept)
        remount(f"size={PLENTY}")
        assert _keep(lab).returncode == 0
        outcome = world.resumed(lab, finished, said)
        more = sum(Path(path).parent == Path(PAPER).parent for path in lab.numbers())
        return outcome._replace(lost=outcome.lost + lost, differing=outcome.differing - more)


def _keep(lab):
    command = [sys.executable, "-m", "emmoe", "keep", CONFIG]
    own = environment() | {"PYTHONPATH": "src"}
    return subprocess.run(command, cwd=lab.folder, env=own, capture_output=True, text=True)
