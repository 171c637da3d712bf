"""Runs the real Snakemake in a copy of this repository, on an experiment that takes seconds."""

import csv
import os
import re
import shutil
import signal
import subprocess
import sys
from functools import cache
from io import StringIO
from pathlib import Path

import yaml
from msgspec.structs import replace
from numba.core.caching import _CacheLocator

from emmoe.lab.fit import fit_block
from emmoe.record import cells, plan
from emmoe.record.read import expanded, load

ROOT = Path(__file__).resolve().parents[1]
SMOKE = ROOT / "tests" / "smoke.yaml"
EXPERIMENT = "symmetric_linear"
SUMMARY = f"results/smoke/summaries/{EXPERIMENT}.csv"
# Everything hidden is a cache or an environment; the rest of these is generated or downloaded.
NEEDLESS = shutil.ignore_patterns(
    ".*", "*.egg-info", "build", "dist", "results", "benchmarks", "downloads"
)


@cache
def compile_kernels():
    """Compile what the experiment needs, once and here: copies of this folder bring it along."""
    own = load([ROOT / "config.yaml", SMOKE]).experiments[EXPERIMENT]
    own = replace(own, iterations=1, analyses=("rates", "certificate"))
    task = plan.fit_task(own, list(own.fitters), cells.grid(own).names[0])
    fit_block(task, {}, lambda line: None)


def copied(source, folder, ignore=None, **options):
    """Copy a checkout with its compiled code, which numba finds by its sources' absolute path."""
    shutil.copytree(source, folder, ignore=ignore, **options)
    for package in ("models/_compiled",):
        old, new = (_compiled(Path(root) / "src" / "emmoe" / package) for root in (source, folder))
        for compiled in Path(folder).glob(f"src/emmoe/models/_compiled/__pycache__/*/{old}"):
            compiled.rename(compiled.with_name(new))


def _compiled(package):
    """Return the name of the folder in which numba keeps the compiled code of a package."""
    return _CacheLocator.get_suitable_cache_subpath(str(package.resolve() / "any.py"))


def environment():
    """This process's environment without what would point Snakemake to another checkout."""
    hidden = {"PYTHONPATH", "SNAKEMAKE_PROFILE"}
    return {name: value for name, value in os.environ.items() if name not in hidden}


def job(row):
    """Return what a row of `snakemake --summary` makes: its rule, experiment, fitter and block."""
    path = row["output_file"].removeprefix("results/smoke/").partition("/")[2]
    *folders, name = path.split("/")
    block = re.search(r"(r\d+-\d+)\.", name)  # without the name of the cell, as there is one
    return "/".join([row["rule"], *folders, block[1] if block else name.split(".")[0]])


class Checkout:
    """A copy of the repository: its folder, and what a user does in it."""

    def __init__(self, folder):
        self.folder = Path(folder)

    @classmethod
    def fresh(cls, folder):
        """Copy the working tree, with a two-replicate version of the smoke experiment."""
        compile_kernels()
        copied(ROOT, folder, NEEDLESS)
        checkout = cls(folder)
        checkout.write_config(yaml.safe_load(expanded([ROOT / "config.yaml", SMOKE])))
        checkout.set("data", "n", 60)
        checkout.set("iterations", 5)
        checkout.set("replicates", 2)
        checkout.set("replicates_per_block", 1)
        return checkout

    def copy(self, folder):
        """Copy everything, results and Snakemake's records included, as when a folder is moved."""
        copied(self.folder, folder)
        return Checkout(folder)

    def config(self):
        return yaml.safe_load((self.folder / "small.yaml").read_text())

    def write_config(self, config):
        (self.folder / "small.yaml").write_text(yaml.safe_dump(config, sort_keys=False))

    def set(self, *path):
        """Change a setting of the experiment: its keys, then the value."""
        *keys, last, value = path
        config = self.config()
        node = config["experiments"][EXPERIMENT]
        for key in keys:
            node = node[key]
        node[last] = value
        self.write_config(config)

    def edit(self, name, old, new):
        """Replace the one occurrence of a text in a file."""
        path = self.folder / name
        text = path.read_text()
        assert text.count(old) == 1, f"{name} holds {old!r} {text.count(old)} times"
        path.write_text(text.replace(old, new))

    def command(self, *options, target=SUMMARY):
        config = ["--configfile", "small.yaml", "--replace-workflow-config"]
        return [sys.executable, "-m", "snakemake", target, *config, *options]

    def call(self, *options, cores=2, target=SUMMARY):
        """Run Snakemake and return the finished process, whatever its exit code."""
        command = self.command("--cores", str(cores), *options, target=target)
        return subprocess.run(
            command, cwd=self.folder, env=environment(), capture_output=True, text=True, timeout=900
        )

    def start(self):
        """Start Snakemake as a process group of its own."""
        return subprocess.Popen(
            self.command("--cores", "2"),
            cwd=self.folder,
            env=environment(),
            start_new_session=True,
            # A shell ignores Ctrl-C on behalf of what it runs in the background.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def run(self, *options, **keywords):
        """Run Snakemake, which must succeed; return what it wrote."""
        process = self.call(*options, **keywords)
        assert process.returncode == 0, process.stdout + process.stderr
        return process.stdout + process.stderr

    def pending(self):
        """Return the jobs that the next run would do, as `job` names them."""
        process = self.call("--summary")
        assert process.returncode == 0, process.stderr
        rows = list(csv.DictReader(StringIO(process.stdout), delimiter="\t"))
        assert SUMMARY in {row["output_file"] for row in rows}
        plans = {row["plan"] for row in rows}
        assert plans <= {"no update", "update pending"}, plans
        return {job(row) for row in rows if row["plan"] == "update pending"}

    def files(self, pattern="results/smoke/**/*"):
        """Return the bytes of the files of a glob pattern, by path."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.glob(pattern))
            if path.is_file()
        }
