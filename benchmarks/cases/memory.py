"""The memory of a fit job on data of Fashion-MNIST's shape, without that of its imports."""

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.inputs import PIXELS, ROOT, config_of, write_config, write_random_downloads
from benchmarks.table import Outcome, number

ALLOWANCE = 300.0  # MB, beside twice the data


def run(train: int = 60000, test: int = 10000, sizes: tuple[int, ...] = (5, 25)) -> Outcome:
    """Measure a job of one EM iteration for blocks of some sizes: the peak above that of a process
    that only imports what the job needs. Data: images as float32, and the replicates' signs."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_random_downloads(folder, train, test)
        for size in sizes:
            config = config_of(
                "fashion_mnist", train_size=train, iterations=1, replicates=size,
                replicates_per_block=size,
            )  # fmt: skip
            path = write_config(config, folder / "config.json")
            used = peak(path, folder) - peak(path, folder, "--imports")
            data = (train + test) * (4 * PIXELS + size) / 2**20
            case = f"memory of a fit job, {train} + {test} images, {size} replicates"
            rows.append(number(f"{case}; data {data:.0f} MB", "MB", used, 2 * data + ALLOWANCE))
    return Outcome(rows)


def peak(config: Path, downloads: Path, *options: str) -> float:
    """Return the peak of resident memory, in MB, of a process that runs the job."""
    command = [sys.executable, "-m", "benchmarks.fit_job", str(config), "fashion_mnist", "em"]
    command += ["--downloads", str(downloads), *options]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return float(done.stdout)
