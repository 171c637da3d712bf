# Helpers and the validation of the config; no rules.
import os
import sys
from contextlib import contextmanager
from pathlib import Path

# The package is used from this checkout, installed or not, here and in every job's own process.
SOURCES = str(Path(workflow.basedir) / "src")
sys.path.insert(0, SOURCES)
os.environ["PYTHONPATH"] = os.pathsep.join([SOURCES, *filter(None, [os.environ.get("PYTHONPATH")])])

# One thread a job: set before any library is loaded, since BLAS with two sums in another order.
for name in ("OPENBLAS", "OMP", "MKL"):
    os.environ[f"{name}_NUM_THREADS"] = "1"

from emmoe.audit import plan  # noqa: E402
from emmoe.evidence import reported  # noqa: E402
from emmoe.jobs import codes, demand  # noqa: E402
from emmoe.jobs import steps as jobs  # noqa: E402
from emmoe.jobs.failures import told  # noqa: E402
from emmoe.record import cells as grid  # noqa: E402
from emmoe.record import config as configuration  # noqa: E402
from emmoe.record.registry import component  # noqa: E402
from emmoe.report import build as report_build  # noqa: E402
from emmoe.report import origins as report_origins  # noqa: E402
from emmoe.store import lock as guard  # noqa: E402
from emmoe.store import provenance  # noqa: E402
from emmoe.store.errors import EmmoeError  # noqa: E402

try:
    for path in workflow.configfiles:
        configuration.read(path)
    configuration.check(config)
except EmmoeError as error:
    sys.exit(f"error: {error}")

# Takes the place of Snakemake's own lock (`nolock` in profiles/default), which outlives its run.
with told():
    written = [Path(config["pathvars"][name]) for name in ("results", "downloads")]
    guarded = guard.Guard(Path.cwd(), written)


# Before the first job of a run, not where there is nothing to do, nor in a dry run.
onstart:
    with told():
        guarded.begin()


wildcard_constraints:
    experiment="[a-z][a-z0-9_]*",
    fitter="[a-z][a-z0-9_]*",
    product="[a-z][a-z0-9_]*",
    probe="[a-z][a-z0-9_]*",
    contest="[a-z][a-z0-9_]*",
    block="[^/]+",
    dataset="[a-z-]+",
    file="[^/]+",
    family="symmetric_linear|fashion_mnist",
    stage="data|steps|em|one_step",
    part=r"\d+",


def products(target):
    """Files of all figures, tables and findings of a target."""
    figures = [
        f"<results>/figures/{name}.{suffix}"
        for name, entry in config["figures"].items()
        if entry["target"] == target
        for suffix in ("png", "pdf")
    ]
    tables = [
        f"<results>/tables/{name}.{suffix}"
        for name, entry in config["tables"].items()
        if entry["target"] == target
        for suffix in ("csv", "md")
    ]
    findings = [
        f"<results>/findings/{name}.json"
        for name, entry in config["findings"].items()
        if entry["target"] == target
    ]
    return figures + tables + findings


@contextmanager
def asked_for(*names):
    """End the run in one line where a file was asked for by a name that the config does not have."""
    try:
        yield
    except KeyError as error:
        sys.exit(
            f"error: {'/'.join(names)}: the config has no {error}: emmoe check says what it has"
        )


def of_all_fits(kind):
    """The input function of an experiment's traces or runs, of all fitters and blocks."""

    def files(wildcards):
        with asked_for(wildcards.experiment):
            experiment = config["experiments"][wildcards.experiment]
        return [
            f"<results>/{kind}/{wildcards.experiment}/{fitter}/{block}.parquet"
            for fitter in experiment["fitters"]
            for block in grid.fitter_blocks(experiment, fitter)
        ]

    return files


def draw_task(wildcards):
    with asked_for(wildcards.experiment, wildcards.block):
        return grid.draw_task(config, wildcards.experiment, wildcards.block)


def fit_task(wildcards):
    names = wildcards.experiment, wildcards.fitter, wildcards.block
    with asked_for(*names):
        return grid.fit_task(config, *names)


def probe_task(wildcards):
    return grid.probe_task(config, wildcards.probe)


def probe_draw(wildcards):
    """The draw that holds the first replicate of the probed experiment."""
    experiment = config["probes"][wildcards.probe]["experiment"]
    block = grid.first_block(config["experiments"][experiment])
    return f"<results>/draws/{experiment}/{block}.npz"


def contest_task(wildcards):
    return grid.contest_task(config, wildcards.contest)


def downloads(kind):
    """The input function of the downloads that an experiment's or a contest's data set reads."""
    return lambda wildcards: downloads_of(f"{kind}s", wildcards[kind])


def downloads_of(section, name):
    """Downloads that the data set of an experiment or a contest reads."""
    with asked_for(section, name):
        data = config[section][name]["data"]
    return [f"<downloads>/{file}" for file in component("datasets", data["name"], "data").files]
