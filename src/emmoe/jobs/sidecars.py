"""Where the provenance of each job lies, and what the current config would have that job do."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from emmoe.jobs import codes
from emmoe.record import cells as grid

Task = dict[str, Any]
# Jobs that stand alone: the file's place, the job's task and the hash of its code.
SINGLE: dict[str, tuple[str, Callable[[dict, str], Task], Callable[[Task], str]]] = {
    "contests": ("contests/{}/provenance.json", grid.contest_task, codes.contest_code),
    "probes": ("probes/{}.provenance.json", grid.probe_task, codes.probe_code),
}


def of_fits(config: dict[str, Any], results: Path) -> dict[tuple[str, str, str], Path]:
    """Return the provenance files of all fits by (experiment, fitter, block), there or not.

    Only what the config names: others may be left over from another one."""
    return {
        (name, fitter, block): results / "traces" / name / fitter / f"{block}.provenance.json"
        for name, experiment in config["experiments"].items()
        for fitter in experiment["fitters"]
        for block in grid.fitter_blocks(experiment, fitter)
    }


def of_single(config: dict[str, Any], results: Path) -> dict[tuple[str, str], Path]:
    """Return the provenance files of the jobs that stand alone by (kind, name), there or not."""
    return {
        (kind, name): results / place.format(name)
        for kind, (place, *_) in SINGLE.items()
        for name in config.get(kind, {})
    }
