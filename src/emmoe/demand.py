"""How much memory and time to ask a cluster for: generously, as a job that takes more is killed.

All fits ask for the same, for what the largest of them may need: the tasks of a job array share
one request. Rates are the worst that was measured, rounded up, on cores of 2026.
"""

from collections.abc import Mapping
from typing import Any

from emmoe.components import build_dataset
from emmoe.grid import limit

IMAGES = 70_000  # rows of the largest data set that is read from files
SECONDS = 4e-7  # per iteration, replicate and entry of the features: a solved M-step, four times
MINUTES = 10  # for any job: starting Python on a busy file system, compiling, writing
MEGABYTES = 1000  # for any job: Python and its libraries take about 250
COPIES = 3  # of the features, as float64
ROW = 2000  # bytes of a trace's row while it is collected

DRAW = {"mem_mb": MEGABYTES, "runtime": MINUTES}


def of_fits(experiments: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Return the memory (mem_mb) and minutes (runtime) that the largest fit job may need.

    experiments: as in a checked config."""
    asked = [
        _of_fit(experiment, fitter)
        for experiment in experiments.values()
        for fitter in experiment["fitters"]
    ]
    return {name: max(one[name] for one in asked) for name in ("mem_mb", "runtime")}


def _of_fit(experiment: Mapping[str, Any], fitter: str) -> dict[str, int]:
    """What a fit of the largest cells of an experiment may need, for a block of them."""
    dataset = build_dataset({name: _largest(name, v) for name, v in experiment["data"].items()})
    entries = getattr(dataset, "n", IMAGES) * dataset.features
    iterations = limit(experiment, fitter, "iterations")
    total = limit(experiment, fitter, "replicates")
    runs = experiment["cells_per_block"] * min(experiment["replicates_per_block"], total)
    kept = iterations.bit_length() + 1 if experiment["rows"] == "sparse" else iterations
    memory = 8 * COPIES * entries + ROW * runs * (kept + 1)
    return {
        "mem_mb": MEGABYTES + round(memory / 1e6),
        "runtime": MINUTES + round(SECONDS * runs * iterations * entries / 60),
    }


def _largest(name: str, value: Any) -> Any:
    """The value of a list that takes longest; of a setting that is no size, any."""
    if not isinstance(value, list):
        return value
    return max(value) if name in ("n", "d") else value[0]
