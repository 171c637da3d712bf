"""What the cluster profile asks for, and what a job does that is tried again."""

import copy

import pytest
import yaml
from workflow_helpers import ROOT, Checkout

from emmoe import demand
from emmoe.config import load
from emmoe.errors import DataError
from emmoe.jobs import logged

PROFILE = yaml.safe_load((ROOT / "profiles" / "slurm" / "profile.yaml").read_text())
CONFIG = load(ROOT / "config.yaml")["experiments"]
NAME = "sweep_linear"


def asked(**changes):
    """Return what the fits of one experiment ask for, after changes of its settings."""
    experiment = copy.deepcopy(CONFIG[NAME])
    experiment["data"] |= changes.pop("data", {})
    return demand.of_fits({NAME: experiment | changes})


@pytest.mark.parametrize(
    ("larger", "times"),
    [
        ({"data": {"n": [100, 20_000]}}, 10),
        ({"data": {"d": [2, 50]}}, 10),
        ({"iterations": 100_000}, 100),
        ({"cells_per_block": 60}, 10),
        ({"replicates": 1000, "replicates_per_block": 1000}, 10),
    ],
)
def test_minutes_grow_in_proportion_to_the_largest_block(larger, times):
    before, after = (asked(**changes)["runtime"] - demand.MINUTES for changes in ({}, larger))
    assert after == pytest.approx(times * before, rel=0.01)


def test_memory_holds_the_features_thrice_and_every_kept_row():
    small = asked(data={"n": 1000})
    large = asked(data={"n": 10_001_000})
    assert large["mem_mb"] - small["mem_mb"] == pytest.approx(3 * 8 * 5 * 10_000_000 / 1e6, abs=1)
    runs = 6 * 100
    more = asked(rows="all")["mem_mb"] - asked(rows="sparse")["mem_mb"]
    assert more == pytest.approx(runs * 990 * demand.ROW / 1e6, rel=0.01)


def test_a_fitters_own_limits_lower_what_it_asks_for():
    only = {"gradient_descent": CONFIG[NAME]["fitters"]["gradient_descent"]}
    assert asked(fitters=only)["runtime"] < asked()["runtime"]


def test_all_fits_ask_for_what_the_largest_needs():
    alone = [demand.of_fits({name: CONFIG[name]}) for name in CONFIG]
    for what, value in demand.of_fits(CONFIG).items():
        assert value == max(one[what] for one in alone) > min(one[what] for one in alone)


# Seconds and megabytes of whole jobs, measured on 2 cores of 2026 at 2 to 3 GHz.
@pytest.mark.parametrize(
    ("experiment", "seconds", "megabytes"),
    [("fashion_mnist", 660, 490), ("digits", 58, 222), ("sweep_linear", 75, 160)],
)
def test_jobs_are_given_at_least_five_times_what_they_took(experiment, seconds, megabytes):
    given = demand.of_fits({experiment: CONFIG[experiment]})
    assert 60 * given["runtime"] >= 5 * seconds and given["mem_mb"] >= 2 * megabytes


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
    attempt(tmp_path / "log", 2, lambda: done.append(2))
    assert done == [2]


def test_a_new_run_forgets_the_mistake_of_the_last(tmp_path):
    (tmp_path / "log").write_text("error: x.npz: not finite\n")
    attempt(tmp_path / "log", 1, lambda: None)
    attempt(tmp_path / "log", 2, lambda: None)
    assert not (tmp_path / "log").exists()


def test_config_has_fewer_jobs_than_the_profile_may_queue():
    from emmoe.grid import blocks, fitter_blocks

    jobs = sum(
        len(blocks(one)) + sum(len(fitter_blocks(one, fitter)) for fitter in one["fitters"])
        for one in CONFIG.values()
    )
    assert jobs < PROFILE["jobs"]


@pytest.mark.slow
def test_profile_is_understood_and_leaves_the_plan_as_it_is(tmp_path):
    checkout = Checkout.fresh(tmp_path / "checkout")
    local, cluster = (
        checkout.run("--dry-run", *options) for options in ([], ["--profile", "profiles/slurm"])
    )
    plans = [text.partition("Job stats:")[2].partition("Reasons:")[0] for text in (local, cluster)]
    assert plans[0] == plans[1] and "fit              6" in plans[0]
