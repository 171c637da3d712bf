"""`make clean` removes what was generated, and nothing under a run."""

import os
import subprocess
import sys

import pytest
from test_guard import holder, killed, locks, orphan
from workflow_helpers import ROOT

from emmoe.store import clean as cleaning
from emmoe.store import killed as killing
from emmoe.store.errors import RunError

GENERATED = (
    "results/figures/a.png", "results/smoke/figures/a.png", "results/.hidden/b",
    ".snakemake/metadata/c", ".pytest_cache/d", "benchmarks/results/e",
    "src/emmoe/__pycache__/f.pyc", "tests/__pycache__/g.pyc",
)  # fmt: skip
KEPT = (
    "results/reference/figures/a.png", "benchmarks/reference/bench.csv", "data/downloads/toy/h",
    ".venv/bin/python", "src/emmoe/i.py", "config.yaml",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(killing.MARK, "")
    for name in GENERATED + KEPT:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def left(folder):
    return {name for name in GENERATED + KEPT if (folder / name).exists()}


def test_what_was_generated_goes_and_the_rest_stays(folder):
    cleaning.clean(folder)
    assert left(folder) == set(KEPT)
    assert not (folder / ".snakemake").exists()


@pytest.mark.parametrize("of", ["", "results/smoke", "../other"])
def test_cleaning_is_refused_while_a_run_works_with_these_results(folder, of):
    own = folder / of if of != "results/smoke" else folder.parent / "third"
    own.mkdir(exist_ok=True)
    if own != folder:
        shared = folder / (of if of == "results/smoke" else "results")
        (own / "results").symlink_to(shared)
    run = holder(own, 60)
    with pytest.raises(RunError, match=f"another run is working in .*process {run.pid} on"):
        cleaning.clean(folder)
    assert left(folder) == set(GENERATED + KEPT) and run.poll() is None
    run.kill()
    run.wait()


def test_cleaning_after_a_killed_run_ends_its_jobs_first(folder):
    killed(folder)
    job = orphan(folder)
    cleaning.clean(folder)
    assert job.wait() < 0 and left(folder) == set(KEPT)
    assert not locks(folder)[0].exists()


def test_results_of_an_older_version_go_too(folder):
    (folder / "results/draws").mkdir()
    cleaning.clean(folder)
    assert left(folder) == set(KEPT) and not (folder / "results/draws").exists()


def test_clean_folder_is_no_mistake(tmp_path, monkeypatch):
    monkeypatch.setenv(killing.MARK, "")
    cleaning.clean(tmp_path)
    assert not list(tmp_path.iterdir())


def test_results_that_are_a_link_are_cleaned_where_they_lie(folder, tmp_path_factory):
    scratch = tmp_path_factory.mktemp("scratch") / "results"
    (folder / "results").rename(scratch)
    (folder / "results").symlink_to(scratch)
    cleaning.clean(folder)
    assert (folder / "results").is_symlink() and left(folder) == set(KEPT)


def test_make_clean_needs_no_environment_and_refuses_in_one_line(folder):
    (folder / "Makefile").symlink_to(ROOT / "Makefile")
    for name in (".venv/bin/python", "src/emmoe/i.py"):
        (folder / name).unlink()
    (folder / "src/emmoe/__pycache__/f.pyc").unlink()
    (folder / "src/emmoe/__pycache__").rmdir()
    (folder / "src/emmoe").rmdir()
    (folder / "src/emmoe").symlink_to(ROOT / "src/emmoe")
    command = ["make", "clean", f"PYTHON={sys.executable}"]
    run = holder(folder, 60)
    own = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    process = subprocess.run(command, cwd=folder, env=own, capture_output=True, encoding="utf-8")
    assert process.returncode and "error: another run is working in this folder" in process.stderr
    assert "Traceback" not in process.stderr
    run.kill()
    run.wait()


def test_make_clean_without_an_environment_and_with_an_old_python_is_told(tmp_path):
    (tmp_path / "Makefile").symlink_to(ROOT / "Makefile")
    (tmp_path / "python").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")  # to all it is asked
    (tmp_path / "python").chmod(0o755)
    command = ["make", "clean", f"PYTHON={tmp_path / 'python'}"]
    process = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8")
    line, _ = process.stderr.splitlines()
    assert process.returncode and line.startswith(f"error: {tmp_path / 'python'} is older than")
