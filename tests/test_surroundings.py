"""A run works, or is told in one line, in odd folders, locales and accounts."""

import os
import shutil
import subprocess
import sys

import pytest
from faults.lab import refusal
from test_encodings import LOCALES, made
from workflow_helpers import EXPERIMENT, ROOT, SUMMARY, Checkout, environment

pytestmark = pytest.mark.slow
ODD = ("sp ace", "quo'te \"s & semi;colon", "br{ace}s $HOME per%cent ümlaut *")
FORCED = ("--forcerun", "gather")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished small checkout, not to be changed."""
    checkout = Checkout.fresh(tmp_path_factory.mktemp("finished") / "checkout")
    checkout.set("replicates_per_block", 2)
    checkout.set("fitters", {"gradient_descent": {"algorithm": "gradient_descent", "step": 0.1}})
    config = checkout.config()
    few = {name: config[name] for name in ("folders", "seed")}
    few |= {"figures": {}, "tables": {}}
    checkout.write_config(few | {"experiments": {EXPERIMENT: config["experiments"][EXPERIMENT]}})
    checkout.run()
    return checkout


@pytest.fixture
def checkout(finished, tmp_path):
    return finished.copy(tmp_path / "checkout")


def call(checkout, *options, python=sys.executable, cores="1", target=SUMMARY, **variables):
    """Run Snakemake with other variables, or by another name of the interpreter."""
    command = [str(python), *checkout.command("--cores", cores, *options, target=target)[1:]]
    given = environment() | variables
    return subprocess.run(
        command, cwd=checkout.folder, env=given, capture_output=True, encoding="utf-8",
        errors="backslashreplace", timeout=300,
    )  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_jobs_run_with_an_environment_in_any_path(checkout, tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "venv").symlink_to(sys.prefix)
    before = checkout.files("results/smoke/**/*.csv")
    process = call(checkout, *FORCED, python=tmp_path / name / "venv/bin/python")
    assert process.returncode == 0 and "1 of 1 steps" in process.stderr, process.stderr
    assert checkout.files("results/smoke/**/*.csv") == before


@pytest.mark.parametrize("locale", [*LOCALES, "Latin-1", "Latin-5"])
def test_finished_run_is_finished_in_any_locale(checkout, tmp_path, locale):
    process = call(checkout, "-n", **(LOCALES.get(locale) or made(locale, tmp_path)))
    assert "Nothing to be done" in process.stderr + process.stdout, process.stderr


@pytest.mark.parametrize("backend", ["module://matplotlib_inline.backend_inline", "none"])
def test_figures_need_no_backend_that_a_terminal_names(checkout, backend):
    config = checkout.config()
    product = {"target": "figures", "reads": {"summary": EXPERIMENT, "reported": "claims"}}
    own = {"draw": "figure_2", "curves": {"gradient_descent": "GD"}}
    checkout.write_config(config | {"figures": {"figure_2": product | own}})
    path = "results/smoke/figures/figure_2.png"
    process = call(checkout, target=path, MPLBACKEND=backend)
    assert process.returncode == 0 and (checkout.folder / path).is_file(), process.stderr


def test_run_without_a_place_for_compiled_code_makes_one_and_says_so_once(checkout, tmp_path):
    cache = next(checkout.folder.glob("src/emmoe/models/_compiled/__pycache__"))
    shutil.rmtree(cache)
    for path in (cache, tmp_path / "cache/numba"):
        path.parent.mkdir(exist_ok=True)
        path.touch()
    (tmp_path / "scratch").mkdir()
    before = checkout.files("results/smoke/**/*.csv")
    own = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "TMPDIR": str(tmp_path / "scratch")}
    process = call(checkout, "--forcerun", "fit", **own)
    assert process.returncode == 0, process.stderr
    assert process.stderr.count("compiled code is kept in") == 1
    assert checkout.files("results/smoke/**/*.csv") == before
    assert not list((tmp_path / "scratch").glob("emmoe-*"))


@pytest.mark.parametrize("cores", ["0", "-1", "-20"])
def test_run_without_cores_is_refused_at_once(checkout, cores):
    line = refusal(call(checkout, *FORCED, cores=cores), "error: ", "--cores")
    assert line == f"error: --cores {cores}: nothing can run: give 1 or more, or all"


def test_run_without_room_for_temporary_files_is_refused_at_once(checkout, tmp_path):
    process = call(checkout, *FORCED, TMPDIR=str(tmp_path / "missing"))
    assert "takes no file" in refusal(process, "error: ", "TMPDIR")


def test_profile_of_slurm_is_refused_at_once_where_none_answers(checkout, tmp_path):
    (tmp_path / "tools").mkdir()
    for name in ("sbatch", "squeue", "scancel", "sinfo", "sacct", "scontrol"):
        (tmp_path / "tools" / name).write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        (tmp_path / "tools" / name).chmod(0o755)
    own = {"PATH": f"{tmp_path / 'tools'}:{os.environ['PATH']}"}
    process = call(checkout, "--forcerun", "fit", "--profile", "profiles/slurm", **own)
    assert "no Slurm answers on this machine" in refusal(process, "error: ")


def test_checkout_in_a_path_that_is_not_utf_8_is_refused_at_once(finished, tmp_path):
    path = os.path.join(os.fsencode(tmp_path), b"caf\xe9")
    shutil.copytree(os.fsencode(finished.folder), path)
    assert "not UTF-8" in refusal(call(Checkout(os.fsdecode(path)), "-n"), "error: ", "caf\\xe9")


def test_results_shared_with_another_checkout_are_used_by_one_run_at_a_time(finished, tmp_path):
    first, second = (finished.copy(tmp_path / name) for name in ("first", "second"))
    shutil.rmtree(second.folder / "results")
    (second.folder / "results").symlink_to(first.folder / "results")
    code = (
        "import sys, time; from pathlib import Path; from emmoe.store.lock import Guard\n"
        "Guard(Path.cwd(), [Path('results/smoke')]).begin(); print('held', flush=True)\n"
        "time.sleep(300)"
    )
    own = environment() | {"PYTHONPATH": "src"}
    command = [sys.executable, "-c", code]
    run = subprocess.Popen(command, cwd=first.folder, env=own, stdout=subprocess.PIPE)
    run.stdout.readline()
    line = refusal(call(second, *FORCED), "error: another run is working in results/smoke")
    assert f"process {run.pid} on" in line and str(first.folder) in line
    run.kill()
    run.wait()
    assert f"The last run (process {run.pid}" in call(second, *FORCED).stderr


def make(folder, *arguments, **variables):
    kept = {n: v for n, v in os.environ.items() if not n.startswith("MAKE") and n != "MFLAGS"}
    given = {"XDG_CACHE_HOME": ""} | variables
    shown = subprocess.run(
        ["make", *arguments], cwd=folder, env=kept | given, capture_output=True, encoding="utf-8"
    )
    return shown.stdout


@pytest.fixture
def built(request, tmp_path):
    """A folder of some name, with an environment that make takes for built there."""
    folder = tmp_path / getattr(request, "param", "plain")
    (folder / ".venv").mkdir(parents=True)
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    (folder / ".venv/.installed").write_text(f"{folder}\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("built", [*ODD, "new\nline", "b`b (p) a#b:c=d\\e"], indirect=True)
def test_make_uses_the_environment_that_it_built_in_any_path(built):
    """Without the scripts beside its interpreter, whose first lines don't hold any path."""
    (line,) = make(built, "-n", "figures", HOME=str(built)).splitlines()
    assert line.startswith(".venv/bin/python -P -m snakemake ")


@pytest.mark.parametrize("home", ["/proc", "/dev/null", "/sys/none"])
def test_make_gives_snakemake_a_cache_where_the_home_cannot_be_written(built, home):
    said = make(built, "figures", "SNAKEMAKE=echo $$XDG_CACHE_HOME", HOME=home)
    assert said.split() == [f"{built}/.snakemake/cache", "figures"]
    said = make(built, "figures", "SNAKEMAKE=echo $$XDG_CACHE_HOME", HOME=str(built))
    assert said.split() == ["figures"]
