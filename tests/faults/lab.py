"""A small run in a folder of its own: begun, killed, resumed, and compared with one left alone."""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from workflow_helpers import NEEDLESS, ROOT, Checkout, compile_kernels, copied, environment

CONFIG = "tests/faults.yaml"
RESULTS = "results/faults"
TARGETS = (
    f"{RESULTS}/summaries/lines.csv",
    f"{RESULTS}/runs/lines.parquet",
    f"{RESULTS}/audit/figures/audit.csv",
)
FIT = f"{RESULTS}/traces/lines/em"
NUMBERS = ("traces/**/*.parquet", "runs/**/*", "summaries/*.csv", "audit/**/*.csv")
SECONDS = 7200  # that any run may take: a machine may be busy


class Outcome(NamedTuple):
    """What became of a fault, or of several of a kind."""

    injected: int
    survived: int
    lost: int
    differing: int
    said: str


class Lab(Checkout):
    """A checkout that runs tests/faults.yaml."""

    configs = (CONFIG,)

    @classmethod
    def new(cls, folder):
        """Copy the working tree."""
        compile_kernels()
        copied(ROOT, folder, NEEDLESS)
        return cls(folder)

    def fresh(self, folder):
        """Copy everything but results and records: the compiled code stays."""
        generated = shutil.ignore_patterns("results", ".snakemake", "run.log")
        copied(self.folder, folder, generated, dirs_exist_ok=True)
        return Lab(folder)

    def copy(self, folder):
        copied(self.folder, folder)
        return Lab(folder)

    def command(self, *options, target=TARGETS):
        config = ["--configfile", *self.configs, "--replace-workflow-config"]
        targets = [target] if isinstance(target, str) else target
        return [sys.executable, "-m", "snakemake", *targets, *config, *options]

    def call(self, *options, cores=2, target=TARGETS):
        command = self.command("--cores", str(cores), *options, target=target)
        return subprocess.run(
            command,
            cwd=self.folder,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )

    def begin(self, target=TARGETS):
        """Start a run as a process group of its own."""
        with open(self.folder / "run.log", "a", encoding="utf-8") as log:
            return subprocess.Popen(
                self.command("--cores", "2", target=target),
                cwd=self.folder,
                env=environment(),
                start_new_session=True,
                stdout=log,
                stderr=log,
            )

    def wait(self, process):
        """Wait until a run ends, which must be well."""
        assert process.wait(timeout=SECONDS) == 0, (self.folder / "run.log").read_text()

    def wait_for(self, process, pattern):
        """Wait until a result is there while a run works."""
        until = time.monotonic() + SECONDS
        while not list(self.folder.glob(f"{RESULTS}/{pattern}")):
            assert process.poll() is None and time.monotonic() < until, f"no {pattern}"
            time.sleep(0.05)

    def numbers(self):
        """Return the bytes of all numeric results by path."""
        found = (self.files(f"{RESULTS}/{pattern}") for pattern in NUMBERS)
        return {path: content for part in found for path, content in part.items()}

    def finished(self):
        """Return when each file was written that belongs to a finished job."""
        running = {job(path) for path in self._marked()}
        files = [
            path.relative_to(self.folder)
            for kind in ("traces", "runs", "summaries", "audit")
            for path in (self.folder / RESULTS / kind).rglob("*")
            if path.is_file() and not path.relative_to(self.folder).parts[-2].startswith(".")
        ]
        return {
            str(path): (self.folder / path).stat().st_mtime_ns
            for path in files
            if not path.name.startswith(".") and job(path) not in running
        }

    def _marked(self):
        """The outputs of jobs that Snakemake has started and not seen finish."""
        folder = self.folder / ".snakemake" / "incomplete"
        for path in folder.rglob("*"):
            if path.is_file():
                coded = "".join(part.removeprefix("@") for part in path.relative_to(folder).parts)
                yield Path(urlsafe_b64decode(coded).decode())

    def lost(self, finished):
        """Count the files of finished jobs that are gone or were made again."""
        return len(finished.items() - self.finished().items())

    def differing(self, other):
        """Count the numeric files that are not the other's, byte by byte."""
        ours, theirs = self.numbers(), other.numbers()
        assert theirs
        return sum(ours.get(path) != theirs.get(path) for path in ours.keys() | theirs.keys())


def job(path):
    """Return what names the job that makes a file: all of its have the same."""
    kind, *folders, name = Path(path).relative_to(RESULTS).parts
    if kind == "audit":
        return (kind, *folders)
    stem = name.removesuffix(".provenance.json").removesuffix(".parquet").removesuffix(".csv")
    return ("fit" if folders else "gather", *folders, stem)


@dataclass
class World:
    """The undisturbed run, how long it takes, a place for others, and chance."""

    reference: Lab
    seconds: float
    place: Path
    chance: random.Random

    @classmethod
    def made(cls, place, seed):
        """Run undisturbed twice: the first time code is compiled, the second is timed."""
        first = Lab.new(place / "first")
        first.run()
        reference = first.fresh(place / "reference")
        started = time.monotonic()
        reference.run()
        world = cls(reference, time.monotonic() - started, place, random.Random(seed))
        assert first.differing(reference) == 0
        return world

    def folder(self):
        return Path(tempfile.mkdtemp(dir=self.place)) / "lab"

    def fresh(self):
        return self.reference.fresh(self.folder())

    def done(self):
        """A copy of the undisturbed run, to damage."""
        return self.reference.copy(self.folder())

    def resumed(self, lab, finished, said):
        """Resume a run to its end and count what was lost and what differs."""
        lab.run()
        return Outcome(1, 1, lab.lost(finished), lab.differing(self.reference), said)


def refusal(process, *parts):
    """Return a line of a failed run that holds all parts; the run must show no traceback."""
    output = process.stdout + process.stderr
    assert process.returncode != 0 and "Traceback" not in output, output
    lines = [line for line in output.splitlines() if all(part in line for part in parts)]
    assert lines, output
    return lines[0].strip()


def kill(process, whole):
    """Kill a run's scheduler alone or its whole process group."""
    (os.killpg if whole else os.kill)(process.pid, signal.SIGKILL)
    process.wait()
