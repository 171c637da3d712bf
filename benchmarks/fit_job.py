"""Runs, in a process of its own, the first fit job of an experiment, as the workflow would.

Prints the process's peak of resident memory in MB. With --imports it only imports what the job
needs, to know what that alone takes.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from snakemake import script  # noqa: F401  every script of a workflow is started with it

from benchmarks.measure import resident
from emmoe.jobs import steps as jobs
from emmoe.record import cells as grid
from emmoe.record import components
from emmoe.store import provenance


def main() -> None:
    """Run the job that the command line describes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fit_job", description=__doc__)
    parser.add_argument("config", type=Path, help="written by benchmarks.inputs.write_config")
    parser.add_argument("experiment")
    parser.add_argument("fitter")
    parser.add_argument("--downloads", type=Path, help="where the files of the data set are")
    parser.add_argument("--imports", action="store_true")
    args = parser.parse_args()
    config = json.loads(args.config.read_text())
    experiment = config["experiments"][args.experiment]
    components.build_model(experiment["model"])
    components.build_dataset(grid.cells(experiment)[0].data)
    components.build_fitter(experiment["fitters"][args.fitter])
    if not args.imports:
        with tempfile.TemporaryDirectory() as folder:
            fit(config, args.experiment, args.fitter, args.downloads, Path(folder))
    print(resident("VmHWM"))


def fit(
    config: dict[str, Any], experiment: str, fitter: str, downloads: Path | None, folder: Path
) -> None:
    """Draw the experiment's first block and fit it, all files in a folder."""
    settings = config["experiments"][experiment]
    block = grid.first_block(settings)
    task = grid.fit_task(config, experiment, fitter, block)
    names = components.build_dataset(task["cells"][0]["data"]).files
    files = {name: (downloads / name, provenance.file_hash(downloads / name)) for name in names}
    draw = str(folder / "draw.npz")
    jobs.draw(grid.draw_task(config, experiment, block), draw)
    outputs = [str(folder / name) for name in ("trace.parquet", "runs.parquet", "record.json")]
    jobs.fit(task, "", {"experiment": experiment, "fitter": fitter}, draw, files, *outputs)


if __name__ == "__main__":
    main()
