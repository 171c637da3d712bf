"""What the cluster profile asks for, and what a job does that is tried again."""

import copy

import pytest
import yaml
from records import record
from workflow_helpers import ROOT, Checkout

from emmoe.jobs._work import Demand
from emmoe.jobs.fit import ROW, Fit
from emmoe.record import read
from emmoe.store.errors import DataError
from emmoe.store.failures import logged

CONFIG = yaml.safe_load(read.expanded(ROOT / "config.yaml"))
CLUSTER = ["--profile", "profiles/slurm"]
NAME = "sweep_linear"


def asked(name=NAME, fitter="em", **changes):
    """Return what the first fit of an experiment asks for, after changes of its settings."""
    settings = copy.deepcopy(CONFIG["experiments"][name])
    settings["data"] |= changes.pop("data", {})
    sections = {"downloads": CONFIG["downloads"], "experiments": {name: settings | changes}}
    return next(Fit.of(record(**sections), name, fitter)).demand


@pytest.mark.parametrize(
    ("larger", "times"),
    [
        ({"data": {"n": 20_000}}, 10),
        ({"data": {"d": 50}}, 10),
        ({"iterations": 100_000}, 100),
        ({"cells_per_block": 2}, 1 / 3),
        ({"replicates": 1000, "replicates_per_block": 1000}, 10),
    ],
)
def test_minutes_grow_in_proportion_to_the_cells_of_a_block(larger, times):
    before, after = (asked(**changes).runtime - Demand().runtime for changes in ({}, larger))
    assert after == pytest.approx(times * before, rel=0.05)


def test_memory_holds_the_features_thrice_and_every_kept_row():
    small, large = asked(data={"n": 1000}), asked(data={"n": 10_001_000})
    assert large.mem_mb - small.mem_mb == pytest.approx(3 * 8 * 5 * 10_000_000 / 1e6, abs=1)
    more = asked(rows="all").mem_mb - asked(rows="sparse").mem_mb
    assert more == pytest.approx(6 * 100 * 990 * ROW / 1e6, rel=0.01)


def test_fitter_with_fewer_replicates_asks_for_less():
    assert asked(fitter="gradient_descent").runtime < asked(fitter="em").runtime


# Seconds and megabytes of the longest jobs, start and analyses included.
@pytest.mark.parametrize(
    ("experiment", "fitter", "seconds", "megabytes"),
    [
        ("fashion_mnist", "em", 660, 490),
        ("fashion_mnist", "em_solved", 312, 490),
        ("digits", "em_solved", 50, 195),
        ("sweep_logistic_small", "em", 10.4, 157),
        ("symmetric_logistic", "gradient_em", 86, 150),
    ],
)
def test_jobs_are_given_several_times_what_they_took(experiment, fitter, seconds, megabytes):
    given = asked(experiment, fitter)
    assert 60 * given.runtime >= 5 * seconds and given.mem_mb >= 4 * megabytes


def attempt(log, number, work):
    with logged(str(log), number):
        work()


def fail(error):
    raise error


def test_a_mistake_is_not_tried_again(tmp_path):
    log, done = tmp_path / "log", []
    for number in (1, 2):
        with pytest.raises(SystemExit, match="not finite"):
            attempt(log, number, lambda: (done.append(1), fail(DataError("x.npz: not finite"))))
    assert done == [1] and log.read_text() == "error: x.npz: not finite\n"


def test_a_killed_job_is_tried_again(tmp_path):
    done = []
    with pytest.raises(OSError):
        attempt(tmp_path / "log", 1, lambda: fail(OSError("stale file handle")))
    (tmp_path / "log").touch()  # as Snakemake does
    attempt(tmp_path / "log", 2, lambda: done.append(2))
    assert done == [2]


def test_a_new_run_forgets_the_mistake_of_the_last(tmp_path):
    (tmp_path / "log").write_text("error: x.npz: not finite\n")
    attempt(tmp_path / "log", 1, lambda: None)
    attempt(tmp_path / "log", 2, lambda: None)
    assert not (tmp_path / "log").exists()


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    return Checkout.fresh(tmp_path_factory.mktemp("cluster") / "checkout")


def plan(text):
    """The table of jobs by rule that a dry run ends with."""
    return text.rpartition("Job stats:")[2].partition("\n\n")[0]


@pytest.mark.slow
def test_profile_and_the_options_of_its_manual_leave_the_plan_as_it_is(checkout):
    less = ["--jobs", "20", "--set-resources", "fit:runtime=60", "fit:mem_mb=1500"]
    other = ["--default-resources", "attempt=attempt", "slurm_partition=long"]
    cluster = checkout.run("--dry-run", *CLUSTER, *less, *other)
    assert plan(cluster) == plan(checkout.run("--dry-run")) and "fit  " in plan(cluster)
    fits = cluster.count("\nrule fit:")
    assert cluster.count("mem_mb=1500") == cluster.count("runtime=60") == fits > 0
    assert "slurm_partition=long" in cluster
