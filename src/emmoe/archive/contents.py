"""What belongs to an archive: everything that a config declares and that is there.

Files left over from another config stay out, and so do draws, which a recomputation draws again,
logs, benchmarks and downloads."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from emmoe.jobs.sidecars import of_fits, of_single

FOLDER = "results"  # in the archive, wherever results lie on disk
SUFFIXES = {"figures": ("png", "pdf"), "tables": ("csv", "md"), "findings": ("json",)}
GATHERED = (("summaries", "csv"), ("runs", "parquet"), ("traces", "parquet"))
AUDIT = ("audit.csv", "curves.csv", "audit.md")


class Fit(NamedTuple):
    """A fit job by its names; its files are named relative to the folder of results."""

    experiment: str
    fitter: str
    block: str

    @property
    def path(self) -> str:
        """Experiment, fitter and block, as in the names of its files."""
        return "/".join(self)

    @property
    def files(self) -> dict[str, str]:
        """Its trace, its table of runs and its provenance."""
        return {
            "trace": f"traces/{self.path}.parquet",
            "runs": f"runs/{self.path}.parquet",
            "provenance": f"traces/{self.path}.provenance.json",
        }


def fits(config: dict[str, Any]) -> list[Fit]:
    """Return all fits that a config declares."""
    return [Fit(*names) for names in of_fits(config, Path())]


def files(config: dict[str, Any]) -> dict[str, Path]:
    """Return the files to archive that are there: name in the archive -> path. A fit counts as
    there with all of its files."""
    results = Path(config["pathvars"]["results"])
    names = [name for name in _declared(config) if (results / name).is_file()]
    for fit in fits(config):
        if all((results / name).is_file() for name in fit.files.values()):
            names += fit.files.values()
    return {f"{FOLDER}/{name}": results / name for name in sorted(names)}


def unowned(names: list[str], config: dict[str, Any]) -> list[str]:
    """Return a line for each trace or table of runs of an archive that its config does not name."""
    kinds = (f"{FOLDER}/traces/", f"{FOLDER}/runs/")
    owned = {f"{FOLDER}/{name}" for fit in fits(config) for name in fit.files.values()}
    owned |= {f"{kind}{name}.parquet" for kind in kinds for name in config["experiments"]}
    others = sorted({name for name in names if name.startswith(kinds)} - owned)
    return [f"{name}: no fit of the archived config made it" for name in others]


def _declared(config: dict[str, Any]) -> Iterator[str]:
    """Everything but the fits, relative to the folder of results."""
    yield "report.html"
    for kind, suffixes in SUFFIXES.items():
        yield from (f"{kind}/{name}.{suffix}" for name in config[kind] for suffix in suffixes)
    for kind, suffix in GATHERED:
        yield from (f"{kind}/{name}.{suffix}" for name in config["experiments"])
    yield from (str(path) for path in of_single(config, Path()).values())
    yield from (f"probes/{name}.csv" for name in config["probes"])
    for name in config["contests"]:
        yield from (f"contests/{name}/{file}.parquet" for file in ("costs", "seconds"))
    yield from (f"audit/{scope}/{file}" for scope in ("figures", "paper") for file in AUDIT)
    calibration = Path(config["pathvars"]["results"], "calibration")
    yield from (f"calibration/{path.name}" for path in calibration.glob("*.*"))


def recorded(provenance: str, content: dict[str, Any]) -> dict[str, str]:
    """Return the SHA-256 of the files that a provenance file (its name, its content) records, by
    their names, in the archive or in the folder of results alike."""
    folder, _, name = provenance.rpartition("/")
    stem = name.removesuffix(".provenance.json")
    paths = {
        "trace": f"{folder}/{stem}.parquet",
        "runs": f"{folder}/{stem}.parquet".replace("traces/", "runs/", 1),
        "table": f"{folder}/{stem}.csv",
        "costs": f"{folder}/costs.parquet",
    }
    outputs = content.get("outputs", {})
    return {path: outputs[kind] for kind, path in paths.items() if kind in outputs}
