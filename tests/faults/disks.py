"""Disks that are full, that cannot be written, and files that they did not keep."""

import os
import shutil
import subprocess
from contextlib import contextmanager

import numpy as np
import pandas as pd

from faults.lab import FIT, RESULTS, TARGETS, job, refusal

PAGE = 4096
PLENTY = 1 << 28  # bytes


@contextmanager
def disk(folder, size):
    """A small disk in memory; yields remount(options)."""

    def remount(options):
        subprocess.run(["mount", "-o", f"remount,{options}", folder], check=True)

    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
    try:
        yield remount
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def can_mount(place):
    """Whether this process may mount a disk."""
    try:
        with disk(place / "tried", PAGE):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


def _pages(folder):
    """The bytes that a folder's files take on such a disk."""
    return sum(-(-path.stat().st_size // PAGE) * PAGE for path in folder.rglob("*"))


def full_results(world):
    """The disk of the results takes half of them."""
    lab = world.fresh()
    half = _pages(world.reference.folder / "results") // 2
    with disk(lab.folder / "results", half) as remount:
        said = refusal(lab.call(), "No space left on device")
        finished = lab.finished()
        remount(f"size={PLENTY}")
        return world.resumed(lab, finished, said)


def full_folder(world):
    """The disk of the whole folder, Snakemake's records included, is full half-way."""
    folder = world.folder()
    half = _pages(world.reference.folder / "results") // 2
    with disk(folder, PLENTY) as remount:
        lab = world.reference.fresh(folder)
        used = shutil.disk_usage(folder).used
        remount(f"size={used + half}")
        process = lab.call()
        said = "No space left on device"
        assert process.returncode != 0 and said in process.stdout + process.stderr
        finished = lab.finished()
        remount(f"size={PLENTY}")
        return world.resumed(lab, finished, said)


def limited_files(world):
    """No file may be as long as the longest result: for who cannot mount a disk."""
    lab = world.fresh()
    longest = max(len(content) for content in world.reference.numbers().values())
    limit = ["sh", "-c", f'ulimit -f {longest // 512 - 1}; exec "$@"', "sh"]
    command = lab.command
    lab.command = lambda *options, **keywords: [*limit, *command(*options, **keywords)]
    said = refusal(lab.call(), "error: ", "File too large")
    lab.command = command
    return world.resumed(lab, lab.finished(), said)


def file_for_folder(world):
    """A file has the name of the folder of results."""
    lab = world.fresh()
    (lab.folder / "results").write_text("")
    said = refusal(lab.call(), "folders.results", "is there, and no folder")
    (lab.folder / "results").unlink()
    return world.resumed(lab, {}, said)


def read_only(world):
    """The results, some of them finished, can no longer be written."""
    lab = world.fresh()
    written = world.reference.folder.glob(f"{FIT}/*.parquet")
    some = [str(path.relative_to(world.reference.folder)) for path in written]
    if os.geteuid():
        lab.run(target=some)
        finished = lab.finished()
        for folder in (lab.folder / RESULTS).glob("**/"):
            folder.chmod(0o555)
        said = refusal(lab.call(), "error: ", RESULTS, "Permission denied")
        for folder in (lab.folder / RESULTS).glob("**/"):
            folder.chmod(0o755)
        return world.resumed(lab, finished, said)
    with disk(lab.folder / "results", PLENTY) as remount:
        lab.run(target=some)
        finished = lab.finished()
        remount("ro")
        said = refusal(lab.call(), "error: ", RESULTS, "Read-only file system")
        remount("rw")
        return world.resumed(lab, finished, said)


def _behind(lab, damaged):
    """When the files of finished jobs were written, without those that a damaged trace makes."""
    made_again = {job(path) for path in (damaged, *TARGETS)}
    return {path: when for path, when in lab.finished().items() if job(path) not in made_again}


def truncated(world):
    """A trace lost its end: the next run makes it again, and what reads it."""
    return _made_again(world, lambda path: path.write_bytes(path.read_bytes()[:-100]))


def edited(world):
    """A number of a trace was changed by hand, and the file's date set back: the next run makes it
    again, and what reads it."""

    def edit(path):
        frame = pd.read_parquet(path)
        frame.loc[0, "loss"] = np.nextafter(frame.loc[0, "loss"], 0)
        frame.to_parquet(path, index=False)

    return _made_again(world, edit)


def _made_again(world, damage):
    """Damage a trace and keep its date; the next run must make it again without being told."""
    lab = world.done()
    trace = sorted((lab.folder / FIT).glob("*.parquet"))[0]
    before, dates = trace.read_bytes(), (trace.stat().st_atime_ns, trace.stat().st_mtime_ns)
    damage(trace)
    assert trace.read_bytes() != before
    os.utime(trace, ns=dates)
    name = trace.relative_to(lab.folder)
    outcome = world.resumed(lab, _behind(lab, name), f"{name} was made again")
    assert trace.read_bytes() == before
    return outcome


def corrupted_download(world):
    """A mirror and a source serve damaged files: neither is kept, and the right one is."""
    lab = world.done()
    finished = lab.finished()
    file, content = lab.folder / "data/downloads/toy/numbers.txt", "one two three four\n"
    sources = [lab.folder / "mirror/toy/numbers.txt", lab.folder / "upstream/numbers.txt"]
    for source, wrong in zip(sources, (content.replace("t", "T"), content[:-3]), strict=True):
        source.parent.mkdir(parents=True)
        source.write_text(wrong)
    target = str(file.relative_to(lab.folder))
    os.environ["EMMOE_MIRROR"] = "mirror"
    try:
        said = refusal(lab.call(target=target), "error: ", "wrong SHA-256", "truncated")
        assert not list(file.parent.glob("*")), "a damaged file was kept"
        sources[1].write_text(content)
        lab.run(target=target)
    finally:
        del os.environ["EMMOE_MIRROR"]
    assert file.read_text() == content
    return world.resumed(lab, finished, said)
