"""The Dockerfile holds to what a linter and a reader would ask of it."""

import json
import re
from pathlib import Path

import pytest
import yaml
from packaging.specifiers import SpecifierSet
from test_installation import PROJECT, ROOT, read

WORKFLOW = yaml.safe_load(read(".github/workflows/ci.yml"))
STEPS = "\n".join(step.get("run", "") for step in WORKFLOW["jobs"]["container"]["steps"])


def instructions():
    """Return the Dockerfile's instructions in order: (name, arguments)."""
    text = re.sub(r"^#.*\n", "", read("Dockerfile"), flags=re.M).replace("\\\n", " ")
    return [tuple(line.split(maxsplit=1)) for line in text.splitlines() if line.strip()]


def arguments(name):
    return [text for instruction, text in instructions() if instruction == name]


def commands():
    """Return all shell commands of the build."""
    return [part.split() for run in arguments("RUN") for part in run.split("&&")]


def images():
    """Return the images that are built on or run."""
    return [*arguments("FROM"), *re.findall(r"[\w./:-]+/hadolint:\S+", STEPS)]


@pytest.mark.parametrize("image", images())
def test_image_is_pinned_and_of_the_default_registry(image):
    name, _, tag = image.partition(":")
    assert re.match(r"v?\d+\.\d+\.\d+\b", tag), f"{image} is not pinned to a version"
    assert not re.search(r"[.:]|^localhost", name.split("/")[0]), f"{name} names a host"


def test_python_of_the_image_is_one_that_the_tests_run_on():
    version = re.fullmatch(r"python:((\d+\.\d+)\.\d+)-slim.*", arguments("FROM")[-1])
    assert SpecifierSet(PROJECT["requires-python"]).contains(version[1])
    assert version[2] in WORKFLOW["jobs"]["check"]["strategy"]["matrix"]["python"]


def test_packages_come_from_the_lock_with_hashes_and_no_others():
    installs = [set(command) for command in commands() if command[:2] == ["pip", "install"]]
    assert all("--no-cache-dir" in install for install in installs)
    assert [sorted(i & {"--require-hashes", "--no-deps"}) for i in installs] == [
        ["--require-hashes"],
        ["--no-deps"],
    ]
    assert "requirements.lock" in installs[0] and {"-e", "."} <= installs[1]


def test_container_does_not_run_as_root():
    names = [name for name, _ in instructions()]
    assert names.index("USER") > max(i for i, name in enumerate(names) if name == "RUN")
    (user,) = arguments("USER")
    assert user not in ("root", "0")
    assert any(command[0] == "useradd" and command[-1] == user for command in commands())


def test_container_makes_the_figures():
    (command,) = map(json.loads, arguments("CMD"))
    assert command[0] == "snakemake" and command[-1] == "figures"


def test_build_fetches_nothing_by_address():
    assert "ADD" not in dict(instructions())
    assert "://" not in read("Dockerfile") and "--index-url" not in read("Dockerfile")
    assert not {command[0] for command in commands()} & {"curl", "wget", "apt-get", "sudo"}


def test_image_leaves_out_history_environments_and_results_but_nothing_that_is_needed():
    ignored = {line for line in read(".dockerignore").splitlines() if not line.startswith("#")}
    assert {".git", ".venv", "results/*", "!results/reference", "data/downloads"} <= ignored
    needed = {
        "Snakefile",
        "config.yaml",
        "src",
        "workflow",
        "profiles",
        "tests",
        "data",
        "README.md",
    }
    assert all(Path(ROOT, name).exists() for name in needed) and not needed & ignored


def test_workflow_lints_builds_and_runs_the_container():
    assert re.search(r"hadolint/hadolint:\S+ < Dockerfile", STEPS)
    assert re.search(r"docker build .*--tag emmoe \.", STEPS)
    assert re.search(r"docker run --rm emmoe .* archive .*smoke\.yaml;.*verify", STEPS, re.S)
