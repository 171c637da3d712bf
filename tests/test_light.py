"""The package without its extras: what is imported, what a command says that needs one."""

import shutil
import subprocess
import sys
import zipfile

import pytest
from workflow_helpers import NEEDLESS, ROOT

HEAVY = ("matplotlib", "pandas", "sklearn", "snakemake", "numba", "msgspec")
# Runs the command line as where an extra's modules are not installed.
WITHOUT = """
import sys
for name in {lacking!r}:
    sys.modules[name] = None
sys.argv = ["emmoe", *{arguments!r}]
from emmoe.__main__ import main
main()
"""


def python(code):
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)


def without(lacking, *arguments):
    return python(WITHOUT.format(lacking=lacking, arguments=arguments))


def test_import_loads_no_heavy_library():
    shown = python(f"import sys, emmoe; print([m for m in {HEAVY} if m in sys.modules])")
    assert shown.stdout.strip() == "[]"


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_command_line_starts_without_any_library(arguments):
    assert without(HEAVY, *arguments).returncode == 0


@pytest.mark.parametrize("command", ["check", "keep", "explain", "verify"])
def test_command_names_the_extra_that_it_needs(command):
    ended = without(["msgspec", "yaml"], command)
    assert ended.returncode == 1
    assert ended.stderr.endswith("not installed: pip install 'emmoe[pipeline]'\n")
    assert ended.stderr.count("\n") == 1


def test_page_of_a_fit_names_its_extra_before_the_fit():
    ended = without(["jinja2", "matplotlib"], "fit", "no.csv", "--target", "y", "--page", "p.html")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.endswith("not installed: pip install 'emmoe[plot]'\n")


@pytest.mark.slow
def test_wheel_holds_the_workflow_and_is_small(tmp_path):
    shutil.copytree(ROOT, tmp_path / "source", ignore=NEEDLESS)  # the build leaves files there
    command = ["pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", tmp_path]
    subprocess.run([sys.executable, "-m", *command, tmp_path / "source"], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.stat().st_size <= 1e6
    names = set(zipfile.ZipFile(wheel).namelist())
    folders = [ROOT / "Snakefile", *ROOT.glob("workflow/**/*.*"), ROOT / "profiles/default"]
    files = [path for path in folders if path.is_file() and path.suffix != ".pyc"]
    assert {f"emmoe/_workflow/{path.relative_to(ROOT)}" for path in files} <= names
    assert "emmoe/py.typed" in names


def test_planning_loads_nothing_that_computes():
    """All components built, and what analyses need, as Snakemake's own process does it."""
    heavy = ("matplotlib", "numba", "scipy.linalg", "scipy.optimize", "scipy.stats", "sklearn")
    shown = python(f"""
import sys
import emmoe.jobs.audit, emmoe.jobs.calibrate_gather
from emmoe.record import registry
for kind in registry.KINDS:
    registry.names(kind)
for name in registry.functions("analyses"):
    registry.needs("analyses", name)
print([m for m in {heavy} if m in sys.modules])
""")
    assert shown.stdout.strip() == "[]", shown.stderr
