"""The workflow as a user meets it: what reruns, what does not, and what a mistake looks like."""

import json
import os
import re
import shutil
import signal
import subprocess
import time

import pytest
from workflow_helpers import EXPERIMENT, SUMMARY, Checkout

pytestmark = pytest.mark.slow
GRADIENT_DESCENT = "src/emmoe/fitters/gradient_descent.py"
TRACES = "results/smoke/traces/**/*.parquet"
DESCENTS = ["gradient_descent", "fast_gate"]
FITTERS = ["em", "gradient_em", *DESCENTS]
GATHERED = {f"gather/{EXPERIMENT}"}


def fits(fitters, replicates):
    return {f"fit/{EXPERIMENT}/{f}/r{r:03d}-{r:03d}" for f in fitters for r in replicates}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A checkout in which everything is done, not to be changed."""
    checkout = Checkout.fresh(tmp_path_factory.mktemp("finished") / "checkout")
    checkout.run()
    return checkout


@pytest.fixture
def checkout(finished, tmp_path):
    """A copy of the finished checkout, to change."""
    return finished.copy(tmp_path / "checkout")


def test_first_run_does_every_fitter_on_every_block(tmp_path):
    fresh = Checkout.fresh(tmp_path / "checkout")
    assert fresh.pending() == fits(FITTERS, [0, 1]) | GATHERED


def test_checkout_brings_its_compiled_code(finished):
    """Else each would compile for half a minute, into a second folder."""
    states = [
        path
        for path in finished.folder.glob("src/emmoe/models/_compiled/__pycache__/*")
        if path.is_dir()
    ]
    assert states and all(len(list(state.glob("models_*"))) <= 1 for state in states)


def test_second_run_does_nothing(finished):
    before = finished.files()
    assert "Nothing to be done" in finished.run()
    assert finished.files() == before


def test_edit_of_one_fitter_reruns_only_its_jobs(checkout):
    checkout.edit(GRADIENT_DESCENT, "theta - step * steepest", "theta - 0.5 * step * steepest")
    assert checkout.pending() == fits(DESCENTS, [0, 1]) | GATHERED


def test_edit_of_one_fitters_setting_reruns_only_its_jobs(checkout):
    checkout.set("fitters", "gradient_em", "inner_steps", 3)
    assert checkout.pending() == fits(["gradient_em"], [0, 1]) | GATHERED


def test_edit_of_a_model_reruns_its_fits(checkout):
    checkout.edit("src/emmoe/models/symmetric_linear.py", "/ (2 * len(b))", "/ len(b) / 2")
    assert checkout.pending() == fits(FITTERS, [0, 1]) | GATHERED


def test_editing_a_docstring_reruns_nothing(checkout):
    checkout.edit(GRADIENT_DESCENT, '"""Gradient descent on', '"""Steepest descent on')
    assert checkout.pending() == set()


def test_adding_replicates_keeps_old_blocks(checkout):
    checkout.set("replicates", 3)
    assert checkout.pending() == fits(FITTERS, [2]) | GATHERED


def test_moved_checkout_reruns_nothing(checkout, tmp_path):
    checkout.folder.rename(tmp_path / "elsewhere")
    assert Checkout(tmp_path / "elsewhere").pending() == set()


def zipped(checkout, folder):
    """As from an archive that someone sent: files have the times at which they were unpacked."""
    packed = shutil.make_archive(folder.with_name("sent"), "zip", checkout.folder)
    shutil.unpack_archive(packed, folder)


def copied(checkout, folder):
    subprocess.run(["cp", "-r", checkout.folder, folder], check=True)


def cloned(checkout, folder):
    """What Git has of it, with the results of another copy."""
    source = checkout.folder
    (source / ".gitignore").write_text("results\n.snakemake\n__pycache__\n", encoding="utf-8")
    known = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "-A"], [*known, "commit", "-qm", "All"]):
        subprocess.run(["git", *command], cwd=source, check=True)
    subprocess.run(["git", "clone", "-q", "--no-local", source, folder], check=True)
    for name in ("results", ".snakemake"):
        subprocess.run(["cp", "-r", source / name, folder / name], check=True)


@pytest.mark.parametrize("records", ["kept", "lost"])
@pytest.mark.parametrize("way", [zipped, copied, cloned])
def test_finished_checkout_is_finished_wherever_it_goes(way, records, checkout, tmp_path):
    """Snakemake's own records decide nothing: without them a changed setting is seen as well."""
    way(checkout, tmp_path / "there")
    there = Checkout(tmp_path / "there")
    if records == "lost":
        shutil.rmtree(there.folder / ".snakemake")
    assert there.pending() == set()
    there.set("fitters", "gradient_em", "inner_steps", 3)
    assert there.pending() == fits(["gradient_em"], [0, 1]) | GATHERED


def order(checkout):
    """The traces as they were written, one after the other."""
    paths = checkout.folder.glob("results/smoke/traces/*/**/*.parquet")
    ordered = sorted(paths, key=lambda path: path.stat().st_mtime_ns)
    return [str(path.relative_to(checkout.folder)) for path in ordered]


def test_results_do_not_depend_on_clone_cores_or_order(finished, tmp_path):
    last = order(finished)[-1]
    clone = Checkout.fresh(tmp_path / "clone")
    clone.run("--prioritize", last, cores=1)
    assert order(clone)[0] == last
    for pattern in ("traces/**/*.parquet", "runs/**/*.parquet", "summaries/*.csv"):
        with_two = finished.files(f"results/smoke/{pattern}")
        assert with_two and clone.files(f"results/smoke/{pattern}") == with_two


def test_config_mistake_is_one_line(checkout):
    checkout.set("fitters", "em", "algorithm", "emm")
    process = checkout.call()
    output = process.stdout + process.stderr
    mistake = f"experiments.{EXPERIMENT}.fitters.em: no fitter named 'emm': did you mean 'em'?"
    assert process.returncode != 0
    (line,) = [line for line in output.splitlines() if "emm'" in line]
    assert re.fullmatch(rf"error: .*small\.yaml, line \d+, column \d+: {re.escape(mistake)}", line)
    assert "Traceback" not in output


def test_finding_is_built_from_what_it_reads_and_stays(tmp_path):
    fresh = Checkout.fresh(tmp_path / "checkout")
    found = {}
    for name in ("f1", "f2"):  # by probes, and by fits
        path = f"results/smoke/findings/{name}.json"
        fresh.run(target=path)
        found[name] = json.loads((fresh.folder / path).read_text())
        assert "Nothing to be done" in fresh.run(target=path)
    assert found["f1"]["id"] == "F1" and found["f1"]["supported"] is True
    assert found["f2"]["products"][0] == "figures/curve_conflict"
    assert found["f2"]["numbers"]["replicates"] == 2


def wait_for(pattern, folder, process, seconds=60):
    """Wait until a file of the pattern is there while the process runs."""
    end = time.monotonic() + seconds
    while not list(folder.glob(pattern)):
        assert process.poll() is None and time.monotonic() < end, f"no {pattern}"
        time.sleep(0.05)


def interrupt_while_writing(checkout):
    """Run until a trace is written under its temporary name, then press Ctrl-C."""
    rename = "os.replace(temporary, path)"
    wait = '(Path("written").touch(), __import__("time").sleep(60))'
    pause = f'path.suffix == ".parquet" and {wait}; {rename}'
    checkout.edit("src/emmoe/store/files.py", rename, pause)
    process = checkout.start()
    try:
        wait_for("written", checkout.folder, process)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to Snakemake and its jobs
        assert process.wait(timeout=60) != 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    checkout.edit("src/emmoe/store/files.py", pause, rename)


def test_interrupted_run_resumes(finished, checkout):
    fitter = f"results/smoke/traces/{EXPERIMENT}/gradient_descent"
    for path in checkout.folder.glob(f"{fitter}/*"):
        path.unlink()
    (checkout.folder / SUMMARY).unlink()
    untouched = {k: v for k, v in finished.files(TRACES).items() if fitter not in k}

    interrupt_while_writing(checkout)
    assert checkout.files(f"{fitter}/*") == {}  # neither a half-written file nor a temporary one
    assert checkout.files(TRACES) == untouched
    checkout.run()
    assert checkout.files(TRACES) == finished.files(TRACES)
    assert checkout.pending() == set()


@pytest.mark.parametrize("name", ["traces/none/em/x.parquet", "runs/none.parquet"])
def test_file_that_the_config_does_not_name_is_refused_in_one_line(finished, name):
    process = finished.call("--dry-run", target=f"results/smoke/{name}")
    (line,) = re.findall("^error: .*", process.stdout + process.stderr, re.M)
    assert process.returncode == 1 and "the config has no 'none'" in line
    assert "Traceback" not in process.stdout + process.stderr
