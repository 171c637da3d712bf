"""R's flexmix, if it is there: its EM on our data, from a given posterior, in a process of its own.

Its variances divide by a cluster's weight less p, so that it ends a little below the maximum of the
likelihood, and it stops by itself where an iteration changes the likelihood by less than a
tolerance, relative. Seconds are CPU's of its fit alone: neither R's start nor reading is timed.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from emmoe.models.objective import Array

MISSING = "flexmix is not installed (apt-get install r-cran-flexmix)"
SCRIPT = Path(__file__).with_suffix(".R")


class Ended(NamedTuple):
    """CPU seconds; iterations; log-likelihood in nats; experts that are left; versions."""

    seconds: float
    iterations: int
    log_likelihood: float
    experts: int
    version: str


def installed() -> bool:
    """Return whether R is there and has flexmix."""
    if shutil.which("Rscript") is None:
        return False
    asked = ["Rscript", "-e", "packageVersion('flexmix')"]
    return subprocess.run(asked, capture_output=True).returncode == 0


def fit(x: Array, y: Array, posterior: Array, tolerance: float, iterations: int) -> Ended:
    """Return what flexmix's EM ends at from a posterior (n, K): its first step fits to it."""
    with tempfile.TemporaryDirectory() as folder:
        for name, array in {"x": x, "y": y, "posterior": posterior}.items():
            np.asarray(array, np.float64).ravel(order="F").tofile(Path(folder) / name)
        settings = [str(posterior.shape[1]), repr(tolerance), str(iterations)]
        command = ["Rscript", str(SCRIPT), folder, *settings]
        said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    seconds, count, log_likelihood, experts, flexmix, r = said.split()
    version = f"flexmix {flexmix} under R {r}"
    return Ended(float(seconds), int(count), float(log_likelihood), int(experts), version)
