# The record, and what turns its jobs into rules; no rules.
import os
import sys
from functools import cache
from pathlib import Path

from snakemake.logging import logger

# In a checkout the package is used from there, installed or not, here and in every job's own
# process; the workflow of an installed package has no sources beside it.
SOURCES = Path(str(workflow.current_basedir)).parents[1] / "src"
if SOURCES.is_dir():
    sys.path.insert(0, str(SOURCES))
    known = filter(None, [os.environ.get("PYTHONPATH")])
    os.environ.update(PYTHONPATH=os.pathsep.join([str(SOURCES), *known]))
    # Snakemake has loaded the package's logger before, maybe from where another one is installed.
    for name in [name for name in sys.modules if name.partition(".")[0] == "emmoe"]:
        del sys.modules[name]

# One thread a job: set before any library is loaded, since BLAS with two sums in another order.
for library in ("OPENBLAS", "OMP", "MKL"):
    os.environ[f"{library}_NUM_THREADS"] = "1"
# Figures need no screen, and matplotlib refuses to load where a terminal of Jupyter names its own.
os.environ.update(MPLBACKEND="agg")

from emmoe.audit.plan import SCOPES  # noqa: E402
from emmoe.jobs._batches import small_batches  # noqa: E402
from emmoe.jobs._due import Due  # noqa: E402
from emmoe.jobs._kept import kept_seconds  # noqa: E402
from emmoe.jobs.audit import Audit  # noqa: E402
from emmoe.jobs.audit_power import AuditPower  # noqa: E402
from emmoe.jobs.base import layout_of, plain  # noqa: E402
from emmoe.jobs.calibrate import Calibrate  # noqa: E402
from emmoe.jobs.calibrate_fresh import CalibrateFresh  # noqa: E402
from emmoe.jobs.calibrate_gather import CalibrateGather  # noqa: E402
from emmoe.jobs.calibrate_keep import CalibrateKeep  # noqa: E402
from emmoe.jobs.claim import Claim  # noqa: E402
from emmoe.jobs.contest import Contest  # noqa: E402
from emmoe.store.failures import told  # noqa: E402
from emmoe.jobs.fit import Fit  # noqa: E402
from emmoe.jobs.gather import Gather  # noqa: E402
from emmoe.jobs.probe import Probe  # noqa: E402
from emmoe.jobs.product import Product, batches  # noqa: E402
from emmoe.jobs.report import Report  # noqa: E402
from emmoe.jobs.theorems import Theorems  # noqa: E402
from emmoe.record import read  # noqa: E402
from emmoe.store import compiled, preflight, progress  # noqa: E402
from emmoe.store.layout import CLAIMS  # noqa: E402
from emmoe.store.lock import Guard  # noqa: E402
from emmoe.store.provenance import file_hash  # noqa: E402

# Read here and not by `configfile:`, for its messages, and since the record has files of its own.
given = workflow.config_settings
files = [] if given.replace_workflow_config else [Path(workflow.basedir) / "config.yaml"]
files += given.configfiles
preflight.quote_interpreter()
with told():
    preflight.check_place()
    preflight.check_cores(workflow.resource_settings.cores)
    compiled_in = compiled.find_place()
    # A job's own process, on a cluster too, trusts what the process that started it has checked.
    if workflow.modifier.is_main_snakefile():
        record = read.load(files, given.config, thorough=workflow.is_main_process)
    else:  # as a module: its record is the config that it was given
        record = read.check(config, thorough=workflow.is_main_process)
    layout = layout_of(record)
    # Takes the place of Snakemake's own lock (`nolock` in profiles/default), which outlives its run.
    guarded = Guard(Path.cwd(), [Path(layout.results), Path(layout.downloads)])


# What Snakemake lacks on record, as after copying results, decides nothing here: see `asked`.
logger.addFilter(lambda line: "provenance/metadata" not in line.getMessage())


@cache
def known_seconds():
    """CPU seconds of the last runs here, by benchmark, and of the jobs of the kept run."""
    return progress.last_seconds(layout), kept_seconds(layout.reference.kept_provenance)


def expected(job):
    """The CPU seconds that a rule's job may take, None where nothing is known of it."""
    last, kept = known_seconds()
    names = [f"{work['kind']}/{work['name']}" for work in job.params.get("work", [])]
    return last.get(layout.timed(str(job.benchmark)), progress.kept_together(names, kept))


# Before the first job of a run, not where there is nothing to do, nor in a dry run.
onstart:
    with told():
        preflight.check_means(workflow.executor_plugin.name)
        guarded.begin()
    if compiled_in:
        print(compiled.told_place(compiled_in), file=sys.stderr)
    # A limit of jobs a second leaves a timer behind with each job done, and each plans all waiting
    # jobs anew every second: after some hundred jobs that is a core's work. Snakemake's own goes.
    limit = workflow.scheduling_settings.max_jobs_per_timespan
    if limit and (limit.max_jobs, limit.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None
    # For the logger that says how far a run is; others have nothing to print.
    took = {job.jobid: expected(job) for job in workflow.dag.needrun_jobs()}
    own = workflow.resource_settings
    logger.info("", extra={"expected": took, "cores": own.nodes or own.cores or 1})


onsuccess:
    for line in where_to_look():
        logger.info(line, extra={"last_words": True})


# A project of one's own need not have claims to audit, nor then a report.
AUDITED = bool(record.audit.runs) or Path(CLAIMS).is_file()


def any_of(names):
    """A wildcard's pattern: one of these names, or none at all."""
    return "|".join(names) or "(?!)"


def alone(entries):
    """A wildcard's pattern: the name of an entry whose job is not done with others."""
    return rf"(?!({any_of(name for name, own in entries.items() if own.together)})\b){NAME}"


ENVIRONMENT = "../envs/emmoe.yaml"  # of a job, beside this folder, where one is asked for
NAME = "[a-z][a-z0-9_]*"
SOON, LONG, AWAITED = 1, 2, 3  # priorities: no long job is to be the last, nor what others wait for


wildcard_constraints:
    experiment=NAME,
    fitter=NAME,
    block="[^/]+",
    contest=NAME,
    probe=NAME,
    dataset="[^/]+",
    file="[^/]+",
    scope=any_of(SCOPES),
    claim=NAME,
    family=NAME,
    stage="[a-z_]+",
    part=r"\d+",


due = Due(record)


@cache
def named(kind, *names):
    """The job of these names; ends the run, in one line, where the record has none."""
    job = kind(record, *names)
    try:
        job.plain_task
    except KeyError as error:
        where, hint = Path(*map(str, names)), "emmoe check says what it has"
        sys.exit(f"error: {where}: the config has no {error}: {hint}")
    return job


def outputs(*jobs):
    """Files that jobs write, their provenance included."""
    return [path for job in jobs for path in (*job.outputs.values(), job.provenance)]


def asked(*jobs):
    """Have Snakemake do jobs if one of them is due; return what they read, by name. What decides is
    their provenance: the times of what others read don't count."""
    main = workflow.is_main_process  # a job's own process does what it was told to
    wanted = main and any(map(due, jobs))
    if wanted:
        workflow.dag.forcefiles.update(outputs(*jobs))
    own = set(outputs(*jobs))
    read = {}
    for job in jobs:
        for name, paths in job.inputs.items():
            read.setdefault(name, {}).update((path, None) for path in paths if path not in own)
    # What a user forces goes on to all that reads it, as usual.
    plainly = wanted or workflow.dag_settings.forcerun or workflow.dag_settings.forceall
    return {name: list(paths) if plainly else ancient(list(paths)) for name, paths in read.items()}


def together(jobs):
    """An input function for jobs that one process does: all that they read, without names."""
    return lambda w: [path for paths in asked(*jobs).values() for path in paths]


def written(pattern):
    """The output patterns of a kind of job, from the paths of one whose names are wildcards."""
    return [*pattern.values(), layout.provenance_of(next(iter(pattern.values())))]


def needed_by(jobs, name):
    """A resource function: what a process demands that runs jobs one after the other, more at each
    attempt. Found when asked for: the process of another job never is."""
    total = max if name == "mem_mb" else sum
    return lambda w, attempt: attempt * total(getattr(job.demand, name) for job in jobs)


def worked(jobs):
    """A function for params: jobs that one process does, as plain data."""
    return lambda w: plain([job.whole_work for job in jobs])


def needed(job, name):
    """A resource function: what a job demands, more at each attempt."""
    return lambda w, attempt: attempt * getattr(job(w).demand, name)
