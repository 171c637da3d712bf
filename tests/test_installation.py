"""What to install is written in several files; here they are held together."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import emmoe

ROOT = Path(__file__).resolve().parents[1]
PIN = re.compile(r"^([\w.-]+)==(\S+).*\\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.M)


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


PYPROJECT = tomllib.loads(read("pyproject.toml"))
PROJECT = PYPROJECT["project"]
SUPPORTED = SpecifierSet(PROJECT["requires-python"])
REQUIREMENTS = sorted(
    {
        *PROJECT["dependencies"],
        *PYPROJECT["build-system"]["requires"],
        *(item for extra in PROJECT["optional-dependencies"].values() for item in extra),
        *(item for group in PYPROJECT["dependency-groups"].values() for item in group),
    }
)
LOCKED = {
    canonicalize_name(name): version for name, version, _ in PIN.findall(read("requirements.lock"))
}


def make_targets():
    return set(re.findall(r"^([a-z]+):", read("Makefile"), re.M))


@pytest.mark.parametrize("text", REQUIREMENTS)
def test_every_requirement_is_locked_to_a_version_it_allows(text):
    requirement = Requirement(text)
    assert requirement.specifier.contains(LOCKED[canonicalize_name(requirement.name)])


def test_every_locked_package_has_a_hash():
    named = re.findall(r"^([\w.-]+)\b", read("requirements.lock"), re.M)
    assert [canonicalize_name(name) for name in named] == list(LOCKED)


def test_lock_names_no_host():
    assert "://" not in read("requirements.lock")


def test_conda_environment_installs_the_lock_on_a_supported_python():
    *packages, pip = yaml.safe_load(read("environment.yml"))["dependencies"]
    python = next(item for item in packages if item.startswith("python="))
    assert SUPPORTED.contains(python.removeprefix("python="))
    assert pip == {"pip": ["-r requirements.lock"]}


def test_environment_of_a_job_has_what_the_package_imports_as_it_is_locked():
    *packages, pip = yaml.safe_load(read("workflow/envs/emmoe.yaml"))["dependencies"]
    python = next(item for item in packages if item.startswith("python="))
    assert SUPPORTED.contains(python.removeprefix("python="))
    pins = dict(item.split("==") for item in pip["pip"])
    assert pins == {name: LOCKED[canonicalize_name(name)] for name in pins}
    assert {MODULES.get(name, name) for name in pins} == imported() - BROUGHT


BROUGHT = {"snakemake", "llvmlite", "markupsafe"}  # by Snakemake, numba and jinja2
MODULES = {"pillow": "PIL", "pyyaml": "yaml", "scikit-learn": "sklearn"}


def imported():
    """The packages that the code of a job may import."""
    code = [*ROOT.glob("src/emmoe/**/*.py"), *ROOT.glob("workflow/scripts/*.py")]
    named = set()
    for path in code:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                named |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                named.add(node.module)
    return {name.partition(".")[0] for name in named} - sys.stdlib_module_names - {"emmoe"}


def test_makefile_asks_for_the_oldest_supported_python():
    oldest = PROJECT["requires-python"].removeprefix(">=")
    assert f"sys.version_info < ({oldest.replace('.', ', ')})" in read("Makefile")
    assert re.search(r"^UV_PYTHON \?= >=([\d.]+)", read("Makefile"), re.M)[1] == oldest


def test_version_is_the_same_everywhere():
    citation = yaml.safe_load(read("CITATION.cff"))
    assert PROJECT["version"] == emmoe.__version__ == citation["version"]


@pytest.mark.parametrize("target", ["figures", "test"])
def test_commands_of_the_readme_are_make_targets(target):
    assert f"make {target}" in read("README.md")
    assert target in make_targets()


@pytest.mark.parametrize("script", [".ci/run", ".github/workflows/ci.yml"])
def test_continuous_integration_calls_make(script):
    called = set(re.findall(r"\bmake ([a-z]+)\b", read(script)))
    assert {"test", "lint"} <= called <= make_targets()


def test_continuous_integration_runs_supported_pythons():
    workflow = yaml.safe_load(read(".github/workflows/ci.yml"))
    for python in workflow["jobs"]["check"]["strategy"]["matrix"]["python"]:
        assert SUPPORTED.contains(python)
