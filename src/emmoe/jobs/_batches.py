"""Small jobs that one process does, one after the other: most of each alone is Python's start."""

from emmoe.jobs.base import Job
from emmoe.jobs.contest import Contest
from emmoe.jobs.fit import Fit
from emmoe.jobs.gather import Gather
from emmoe.jobs.probe import Probe
from emmoe.record.entries import Record


def small_batches(record: Record) -> dict[str, list[Job]]:
    """Return the jobs whose entries are `together`, by the name of their rule: the fits of an
    experiment with what gathers them, the probes of a measure, the contests of a study."""
    found: dict[str, list[Job]] = {}
    for name, experiment in record.experiments.items():
        if experiment.together:
            found[f"fits_{name}"] = [*Fit.of_all(record, name), Gather(record, name)]
    for probe in Probe.every(record):
        if probe.settings.together:
            found.setdefault(f"probes_{probe.settings.measure}", []).append(probe)
    for contest in Contest.every(record):
        if contest.entry.together:
            found.setdefault(f"contests_of_{contest.entry.study}", []).append(contest)
    return found
