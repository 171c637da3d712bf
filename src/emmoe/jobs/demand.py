"""How much memory and time to ask a cluster for: generously, as a job that takes more is killed.

Rates are the worst that was measured, times four or more, on cores of 2026.
"""

from collections.abc import Mapping
from typing import Any

from emmoe.record.components import build_dataset

IMAGES = 70_000  # rows of the largest data set that is read from files
SECONDS = 4e-7  # per iteration, replicate and entry of the features; 1e-7 for a solved M-step
MINUTES = 10  # for any job: starting Python on a busy file system, compiling, writing
MEGABYTES = 1000  # for any job: Python and its libraries take about 250
COPIES = 3  # of the features, as float64
ROW = 2000  # bytes of a trace's row while it is collected

OF_DRAW = {"mem_mb": MEGABYTES, "runtime": MINUTES}
# Contests, probes, parts of the calibration: the longest takes half an hour and 1 000 MB.
OF_LONG = {"mem_mb": 4 * MEGABYTES, "runtime": 18 * MINUTES}


def of_fit(task: Mapping[str, Any]) -> dict[str, int]:
    """Return the memory (mem_mb) and minutes (runtime) that a fit may need.

    task: what `emmoe.record.cells.fit_task` returns."""
    datasets = [build_dataset(cell["data"]) for cell in task["cells"]]
    entries = [getattr(dataset, "n", IMAGES) * dataset.features for dataset in datasets]
    iterations, replicates = task["iterations"], len(task["replicates"])
    kept = iterations.bit_length() + 2 if task["rows"] == "sparse" else iterations + 1
    memory = 8 * COPIES * max(entries) + ROW * kept * replicates * len(entries)
    seconds = SECONDS * iterations * replicates * sum(entries)
    return {"mem_mb": MEGABYTES + round(memory / 1e6), "runtime": MINUTES + round(seconds / 60)}
