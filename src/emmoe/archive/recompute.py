"""Draws fits of an archive and makes them again with the current code, then all that is made from
archived runs (fits, contests, probes, trials of the theorems): summaries, tables, findings, figures
and audits.

The draw is from the operating system's entropy unless a seed is given, so that nobody knows before
which fits will be looked at. Everything runs in a process of its own, with limits, since it reads
a stranger's tables.

They must be the same byte for byte. Where the archived result was made by another processor, BLAS,
library or code, last bits may differ: then every number must agree within compare.TOLERANCE.
"""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from graphlib import TopologicalSorter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from emmoe.archive import bounds, contents
from emmoe.archive.again import Outcome, Place, again, lay_out
from emmoe.jobs.audit import Audit
from emmoe.jobs.base import Job
from emmoe.jobs.contest import Contest
from emmoe.jobs.fit import Fit
from emmoe.jobs.gather import Gather
from emmoe.jobs.probe import Probe
from emmoe.jobs.product import Product
from emmoe.jobs.theorems import Theorems
from emmoe.record.entries import Record

RUNS = (Fit, Contest, Probe, Theorems)
MADE_FROM_RUNS = (Gather, Product, Audit)


def archived_fits(record: Record, names: frozenset[str]) -> tuple[list[Fit], list[Fit]]:
    """Return the fits of an archive whose downloads are here, and the others."""
    here, others = [], []
    for fit in contents.fits(record, names):
        there = all(Path(path).is_file() for path in fit.checksums)
        (here if there else others).append(fit)
    return here, others


def choose(fits: list[Fit], count: int, seed: int) -> list[Fit]:
    """Return so many of the fits, or all that there are, drawn without replacement."""
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    chosen = rng.choice(len(fits), min(count, len(fits)), replace=False)
    return [fits[position] for position in sorted(chosen)]


def recompute(
    place: Place, record: Record, names: frozenset[str], fits: list[Fit], minutes: int
) -> Iterator[Outcome]:
    """Yield what comes of each fit, and of all that is made from runs, when it is made again."""
    with _Apart(place, minutes) as apart, TemporaryDirectory() as folder:
        for fit in fits:
            if fit.demand.runtime > bounds.CAUTION * minutes:
                said = f"may take {fit.demand.runtime} minutes: more than {minutes} are allowed"
                yield Outcome(False, f"fit/{fit.name}: not made again: {said}")
            else:
                yield apart.run(again, fit, None)
        laid_out = apart.run(lay_out, _held(RUNS, record, names), folder)
        if not laid_out.same:
            yield laid_out
            return
        for job in _ordered(_held(MADE_FROM_RUNS, record, names)):
            yield apart.run(again, job, folder)


def _held(kinds: tuple[type[Job], ...], record: Record, names: frozenset[str]) -> list[Job]:
    """The jobs of some kinds that an archive holds in full."""
    jobs = (job for kind in kinds for job in kind.every(record))
    return [job for job in jobs if contents.files(job).keys() <= names]


def _ordered(jobs: list[Job]) -> Iterator[Job]:
    """The jobs, each after those that make what it reads."""
    makers = {path: number for number, job in enumerate(jobs) for path in job.outputs.values()}
    read = {
        number: [makers[path] for paths in job.inputs.values() for path in paths if path in makers]
        for number, job in enumerate(jobs)
    }
    return (jobs[number] for number in TopologicalSorter(read).static_order())


class _Apart:
    """A process that makes things again; another one follows where it is stopped or dies."""

    def __init__(self, place: Place, minutes: int):
        self._place, self._minutes = place, minutes

    def __enter__(self) -> "_Apart":
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(max_workers=1, mp_context=context)
        return self

    def __exit__(self, *error: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def run(self, function: Callable, what: Job | list[Job], folder: str | None) -> Outcome:
        """Run a function of `emmoe.archive.again` there."""
        try:
            return self._pool.submit(function, self._place, what, folder, self._minutes).result()
        except BrokenProcessPool:
            self.__exit__()
            self.__enter__()
            name = f"{what.kind}/{what.name}" if isinstance(what, Job) else "the archived runs"
            said = (
                f"not read or made again within {self._minutes} minutes and {bounds.MEMORY} bytes"
            )
            return Outcome(False, f"{name}: {said}")
