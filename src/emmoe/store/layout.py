"""Where everything lies: the only module that knows the paths of results and downloads.

A name may be a wildcard of Snakemake, e.g. "{block}", which gives the pattern of all such files.
Beside its outputs every job leaves a provenance file; `provenance_of` finds it from any of them.
"""

from dataclasses import dataclass
from pathlib import PurePosixPath

RECORD = ".provenance.json"
CLAIMS = "data/reported/claims.csv"
SUFFIXES = {"figures": ("png", "pdf"), "tables": ("csv", "md"), "findings": ("json",)}
# Below a folder of results: what an older version made there, and this one does not.
OLDER = ("draws", "tables/.sha256", "summaries/.sha256")


@dataclass(frozen=True)
class Layout:
    """Paths below a folder of results and one of downloads, relative to where the run works."""

    results: str = "results"
    downloads: str = "data/downloads"

    def download(self, file: str) -> str:
        """Return the path of a file that a data set names as <folder>/<file>."""
        return f"{self.downloads}/{file}"

    def fit(self, experiment: str, fitter: str, block: str) -> dict[str, str]:
        """Return the paths of a fit's trace and of its table of runs."""
        name = f"{experiment}/{fitter}/{block}.parquet"
        return {"trace": f"{self.results}/traces/{name}", "runs": f"{self.results}/runs/{name}"}

    def gathered(self, experiment: str) -> dict[str, str]:
        """Return the paths of what is gathered from an experiment's fits."""
        return {
            "summary": f"{self.results}/summaries/{experiment}.csv",
            "runs": f"{self.results}/runs/{experiment}.parquet",
            "trace": f"{self.results}/traces/{experiment}.parquet",
        }

    def contest(self, name: str) -> dict[str, str]:
        """Return the paths of a contest's rows, without clocks and with them."""
        folder = f"{self.results}/contests/{name}"
        return {kind: f"{folder}/{kind}.parquet" for kind in ("costs", "seconds")}

    def probe(self, name: str) -> dict[str, str]:
        """Return the path of a probe's table."""
        return {"probe": f"{self.results}/probes/{name}.csv"}

    def product(self, kind: str, name: str) -> dict[str, str]:
        """Return the paths of a figure's, a table's or a finding's files by suffix."""
        return {suffix: f"{self.results}/{kind}/{name}.{suffix}" for suffix in SUFFIXES[kind]}

    def audit(self, scope: str) -> dict[str, str]:
        """Return the paths of the audit of what a target makes."""
        folder = f"{self.results}/audit/{scope}"
        return {
            "rows": f"{folder}/audit.csv",
            "curves": f"{folder}/curves.csv",
            "runs": f"{folder}/runs.csv",
            "power": f"{folder}/power.csv",
            "page": f"{folder}/audit.md",
        }

    def audit_power(self, scope: str) -> dict[str, str]:
        """Return the paths of what is said of mutated and of null papers."""
        folder = f"{self.results}/audit/power/{scope}"
        return {name: f"{folder}/{name}.csv" for name in ("mutations", "null")}

    def theorems(self, scope: str) -> dict[str, str]:
        """Return the path of what is said of the theorems on the runs of a target."""
        return {"theorems": f"{self.results}/audit/theorems/{scope}/theorems.csv"}

    def claim(self, claim: str) -> dict[str, str]:
        """Return the path of a single claim's row."""
        return {"row": f"{self.results}/audit/claims/{claim}.csv"}

    def calibration_part(self, family: str, stage: str, part: int | str) -> dict[str, str]:
        """Return the paths of what a part of the calibration finds."""
        name = f"{self.results}/calibration/parts/{family}/{stage}-{part}"
        return {"scores": f"{name}.json", "predictions": f"{name}.parquet"}

    def calibration_kept(self, family: str) -> dict[str, str]:
        """Return the path of the data settings of a family at which steps are searched."""
        return {"kept": f"{self.results}/calibration/parts/{family}/kept.json"}

    def calibration(self) -> dict[str, str]:
        """Return the paths of the calibration's tables and its page."""
        names = ("settings.csv", "scores.csv", "predictions.parquet", "bands.csv", "calibrate.md")
        names += ("stamp.json",)
        return {PurePosixPath(name).stem: f"{self.results}/calibration/{name}" for name in names}

    def calibration_fresh(self, family: str, algorithm: str) -> dict[str, str]:
        """Return the path of what the winners of a run's search give on fresh seeds."""
        return {"fresh": f"{self.results}/calibration/fresh/{family}-{algorithm}.csv"}

    def report(self) -> dict[str, str]:
        """Return the path of the report."""
        return {"page": f"{self.results}/report.html"}

    @property
    def archive(self) -> str:
        """The path of the archive."""
        return f"{self.results}/emmoe-archive.zip"

    @property
    def reference(self) -> "Layout":
        """The kept reference, laid out as results are."""
        return Layout(f"{self.results}/reference", self.downloads)

    @property
    def kept_provenance(self) -> str:
        """The provenance of all jobs behind a kept reference, in one file."""
        return f"{self.results}/provenance.json"

    def log(self, kind: str, name: str) -> str:
        """Return where a job leaves the line that says why it failed."""
        return f"{self.results}/logs/{kind}/{name}.log"

    def benchmark(self, kind: str, name: str) -> str:
        """Return where Snakemake writes what a job took."""
        return f"{self.benchmarks}/{kind}/{name}.tsv"

    @property
    def benchmarks(self) -> str:
        return f"{self.results}/benchmarks"

    def timed(self, benchmark: str) -> str:
        """Return the kind and name of what a benchmark file is of, joined by a slash."""
        return benchmark.removeprefix(f"{self.benchmarks}/").removesuffix(".tsv")

    def is_result(self, path: str) -> bool:
        """Return whether a path is one that a job writes."""
        return path.startswith(f"{self.results}/") and not path.startswith(
            f"{self.reference.results}/"
        )

    def inside(self, path: str) -> str:
        """Return a result's path relative to the folder of results: its name in provenance files
        and archives."""
        return path.removeprefix(f"{self.results}/")

    def provenance_of(self, path: str) -> str:
        """Return the provenance file of the job that writes a result."""
        *above, name = self.inside(path).split("/")
        kind, *folders = above or [""]
        if kind == "contests" or (kind == "audit" and folders != ["claims"]):
            return "/".join([self.results, kind, *folders, RECORD.lstrip(".")])
        if kind == "calibration" and not folders:
            return f"{self.results}/calibration/{RECORD.lstrip('.')}"
        if kind in ("runs", "traces"):
            kind = "traces" if folders else "summaries"
        own = name.rpartition(".")[0] + RECORD  # names of blocks hold points
        return "/".join(filter(None, [self.results, kind, *folders, own]))
