"""The cluster profile on a real Slurm of two nodes: what is done once, again, and never."""

import os
import shutil
import signal
import subprocess
import time

import pytest
import slurm_cluster
from workflow_helpers import EXPERIMENT, Checkout, copied, environment

REASON = slurm_cluster.missing()
pytestmark = [pytest.mark.slurm, pytest.mark.skipif(REASON is not None, reason=str(REASON))]

OPTIONS = ["--profile", "profiles/slurm", "--slurm-init-seconds-before-status-checks", "3"]
NUMBERS = [f"results/smoke/{kind}" for kind in ("traces/**/*.parquet", "*/*.csv")]
FITS = [f"{fitter}.r{r:03d}-{r:03d}" for r in (0, 1) for fitter in ("em", "gradient_descent")]
STEPS = len(FITS) + 1  # the fits, and what gathers them in a trace and a summary
SECONDS = 900  # to wait for anything: a machine may be busy
# Put into each fit: it tells its Slurm job, and waits while there is a file to hold it.
HOOK = """
        import os, pathlib, time
        fit, here = f"{name.split('/')[1]}.{name[-8:]}", pathlib.Path()
        attempts = len(list(here.glob(f"start-{fit}-*")))
        (here / f"start-{fit}-{attempts}").write_text(os.environ.get("SLURM_JOB_ID", ""))
        while (here / f"hold-{fit}").exists():
            time.sleep(0.1)
"""


class Cluster(Checkout):
    """A checkout whose runs are submitted to a Slurm."""

    slurm, process = None, None

    def begin(self, hold=()):
        """Start Snakemake; the fits named in `hold` will wait once they run."""
        for fit in hold:
            (self.folder / f"hold-{fit}").touch()
        with open(self.folder / "run.log", "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                self.command(*OPTIONS),
                cwd=self.folder,
                env=environment() | self.slurm.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def log(self):
        return (self.folder / "run.log").read_text()

    def wait_for(self, what, found):
        """Return what `found()` returns once it is something."""
        end = time.monotonic() + SECONDS
        while not (value := found()):
            if self.process.poll() is not None or time.monotonic() > end:
                pytest.fail(f"no {what}:\n{self.log()}\n{self.slurm.logs()}")
            time.sleep(0.2)
        return value

    def starts(self, fit):
        """Return the Slurm jobs that began a fit, in order."""
        paths = sorted(self.folder.glob(f"start-{fit}-*"))
        return [path.read_text() for path in paths]

    def wait_for_start(self, fit, times=1):
        """Return the Slurm job of a fit's start."""
        found = self.wait_for(f"start of {fit}", lambda: self.starts(fit)[times - 1 :])
        return found[0] or self.wait_for_start(fit, times)

    def finish(self):
        """Hold nothing any longer; the run must end well."""
        for path in self.folder.glob("hold-*"):
            path.unlink()
        assert self.process.wait(timeout=SECONDS) == 0, self.log()

    def numbers(self):
        return {path: data for pattern in NUMBERS for path, data in self.files(pattern).items()}

    def kill(self):
        """End Snakemake without giving it time for anything."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    """A running Slurm."""
    slurm = slurm_cluster.Slurm(tmp_path_factory.mktemp("slurm"))
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # which does not skip `stop`
    try:
        slurm.start()
        yield slurm
    finally:
        slurm.stop()
        signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """A checkout with two fitters on two blocks, done without Slurm."""
    checkout = Cluster.fresh(tmp_path_factory.mktemp("local") / "checkout")
    config = checkout.config()
    config |= {name: {} for name in ("figures", "tables", "findings", "probes", "contests")}
    for name in ("audit", "calibration", "inferred"):  # all of these name other fitters, too
        del config[name]
    fitters = config["experiments"][EXPERIMENT]["fitters"]
    kept = {name: fitters[name] for name in ("em", "gradient_descent")}
    config["experiments"][EXPERIMENT]["fitters"] = kept
    checkout.write_config(config)
    first = "        experiment, label = "
    checkout.edit("src/emmoe/jobs/fit.py", first, HOOK[1:] + first)
    checkout.run(cores=1)  # so that only one job compiles
    assert [len(checkout.starts(fit)) for fit in FITS] == [1, 1, 1, 1]
    return checkout


@pytest.fixture
def checkout(local, slurm, tmp_path):
    """The same checkout, its compiled code included, without results, and the Slurm to use."""
    generated = shutil.ignore_patterns("results", ".snakemake", "start-*")
    copied(local.folder, tmp_path / "checkout", generated)
    checkout = Cluster(tmp_path / "checkout")
    checkout.slurm = slurm
    yield checkout
    checkout.kill()
    slurm.call("scancel", "--user=root")


def test_cancelled_job_is_retried_and_the_numbers_are_those_of_a_local_run(local, checkout):
    checkout.begin(hold=FITS[:1])
    job = checkout.wait_for_start(FITS[0])
    checkout.slurm.call("scancel", job)
    assert checkout.wait_for_start(FITS[0], times=2) != job
    checkout.finish()
    assert checkout.numbers() == local.numbers() and len(local.numbers()) == STEPS + 1
    assert [len(checkout.starts(fit)) for fit in FITS] == [2, 1, 1, 1]


def test_run_after_a_kill_of_snakemake_keeps_what_was_finished(local, checkout):
    checkout.begin(hold=FITS[2:])
    for fit in FITS[2:]:
        checkout.wait_for_start(fit)
    checkout.wait_for("finished fits", lambda: f"2 of {STEPS} steps" in checkout.log())
    checkout.kill()
    finished = {path: path.stat().st_mtime_ns for path in checkout.folder.glob(NUMBERS[0])}
    assert len(finished) == 2 and checkout.slurm.call("squeue", "-h")

    checkout.begin()
    checkout.wait_for("end of the orphans", lambda: "jobs of it ended" in checkout.log())
    checkout.finish()
    assert checkout.numbers() == local.numbers()
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    assert [len(checkout.starts(fit)) for fit in FITS] == [1, 1, 2, 2]


def test_run_outlives_the_failure_of_a_node(local, checkout):
    checkout.begin(hold=FITS[:2])
    jobs = [checkout.wait_for_start(fit) for fit in FITS[:2]]
    node = checkout.slurm.call("squeue", "-h", "-o", "%N", "-j", jobs[0])
    checkout.slurm.kill_node(node)
    assert checkout.wait_for_start(FITS[0], times=2) == jobs[0]  # requeued by Slurm itself
    assert checkout.slurm.call("squeue", "-h", "-o", "%N", "-j", jobs[0]) != node
    checkout.finish()
    assert checkout.numbers() == local.numbers()
    assert "Trying to restart job" not in checkout.log()
