"""The promise of docs/extend.md, kept: a thing is one file and one entry in the record.

Each example is taken from that page, put into a copy of this repository, and its commands are run.
"""

import re
import shlex
import shutil
import subprocess
import sys
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from workflow_helpers import NEEDLESS, ROOT, compile_kernels, copied, environment

from emmoe.store.files import read_json

pytestmark = pytest.mark.slow
FENCED = re.compile(r"(?:^`(?P<path>\S+)`:\n\n)?^```(?P<kind>\w+)\n(?P<body>.*?)^```$", re.M | re.S)
RECORD = ("config.yaml", "studies/")
GIT = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "gc.auto=0"]


class Example(NamedTuple):
    """A section of the page: its files and entries by path, its commands, what a refusal says."""

    files: dict[str, str]
    entries: dict[str, str]
    commands: list[list[str]]
    refusals: list[str]


def examples():
    """Return the sections of the page that have commands, by heading."""
    page = (ROOT / "docs" / "extend.md").read_text(encoding="utf-8")
    sections = re.split(r"^## (.+)\n", page, flags=re.M)[1:]
    found = {name: example(text) for name, text in zip(sections[::2], sections[1::2], strict=True)}
    return {name: own for name, own in found.items() if own.commands}


def example(text):
    """Return the example of a section."""
    own = Example({}, {}, [], [])
    for block in FENCED.finditer(text):
        path, body = block["path"], block["body"]
        if path is not None:
            (own.entries if path.startswith(RECORD) else own.files)[path] = body
        elif block["kind"] == "sh":
            own.commands.extend(shlex.split(line) for line in body.splitlines())
        else:
            own.refusals.extend(body.splitlines())
    return own


EXAMPLES = examples()


def entered(text, entry):
    """Return a file of the record with an entry: the lines of it that are there lead to where the
    others go, else they go to the end."""
    lines, added, at = text.splitlines(), entry.splitlines(), 0
    while added[0] in lines[at:]:
        at = lines.index(added.pop(0), at) + 1
    at = at or len(lines)
    return "\n".join([*lines[:at], *added, *lines[at:], ""])


class Copy:
    """A copy of the repository, under git."""

    def __init__(self, folder):
        self.folder = folder

    def call(self, program, *arguments):
        """Run a command of the page, or git; return the finished process."""
        command = GIT if program == "git" else [sys.executable, "-m", program]
        own = environment() | {"EMMOE_MIRROR": str(self.folder.parent / "mirror")}
        if program != "snakemake":  # which finds the package by itself
            own |= {"PYTHONPATH": str(self.folder / "src")}
        own = {k: v for k, v in own.items() if not k.startswith("PYTEST_")}
        return subprocess.run(
            [*command, *arguments],
            cwd=self.folder, env=own, capture_output=True, encoding="utf-8", timeout=900,
        )  # fmt: skip

    def run(self, *command):
        """Run a command, which must succeed; return what it wrote."""
        process = self.call(*command)
        assert process.returncode == 0, process.stdout + process.stderr
        return process.stdout

    def add(self, own):
        """Add the files and entries of an example."""
        for path, body in own.files.items():
            assert not (self.folder / path).exists()
            (self.folder / path).write_text(body, encoding="utf-8")
        for path, entry in own.entries.items():
            self.edit(path, lambda text, entry=entry: entered(text, entry))

    def edit(self, path, change):
        """Change the text of a file."""
        file = self.folder / path
        file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")

    def changes(self):
        """Return what git says of the files: their paths, with how they differ."""
        return set(self.run("git", "status", "--porcelain", "--untracked-files=all").splitlines())


@pytest.fixture(scope="module")
def committed(tmp_path_factory):
    """A copy with all that is there committed, not to be changed."""
    compile_kernels()
    folder = tmp_path_factory.mktemp("committed") / "copy"
    copied(ROOT, folder, NEEDLESS)
    shutil.copy(ROOT / ".gitignore", folder)
    copy = Copy(folder)
    for command in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message=all")):
        copy.run("git", *command)
    assert copy.changes() == set()
    return copy


@pytest.fixture
def copy(committed, tmp_path):
    """A copy to change."""
    copied(committed.folder, tmp_path / "copy")
    write_points(tmp_path / "mirror" / "two-moons" / "points.csv")
    return Copy(tmp_path / "copy")


def write_points(path):
    """Write the file that the data set of the page wants: 20 points on each of two half circles."""
    angles = np.repeat(np.linspace(0, np.pi, 20), 2)
    upper = np.tile([True, False], 20)
    x = np.where(upper, np.cos(angles), 1 - np.cos(angles))
    y = np.where(upper, np.sin(angles), 0.5 - np.sin(angles))
    lines = [f"{a:.2f},{b:.2f},{1 if c else -1}\n" for a, b, c in zip(x, y, upper, strict=True)]
    path.parent.mkdir(parents=True)
    path.write_text("".join(lines), encoding="utf-8")


def read(path):
    """Return a result as a table, or of JSON; None for a picture."""
    readers = {".csv": pd.read_csv, ".parquet": pd.read_parquet, ".json": read_json}
    return readers[path.suffix](path) if path.suffix in readers else None


def of_a_fitter(summary):
    rows = summary[(summary["fitter"] == "cyclic") & (summary["metric"] == "loss")]
    means = rows.set_index("iteration")["mean"]
    assert means.index.max() == 300 and means[300] < means[0] - 0.1


def of_a_symmetric_model(runs):
    """Its observed rates are the predicted ones, its steps mirror descent, the bound holds."""
    assert set(runs["outcome"]) == {"optimum"}
    np.testing.assert_allclose(runs["rate"], runs["rate_predicted"], rtol=1e-4)
    assert (runs["mirror_residual"] <= 1e-8).all() and (runs["mirror_steps"] > 5).all()
    assert (runs[["control_half_step", "control_gradient_step"]] > 1e-2).all(axis=None)
    for gap, distance in zip(runs["bound_gap"], runs["bound_bregman"], strict=True):
        assert len(gap) == len(distance) > 5 and gap[-1] <= distance[0] / (len(gap) - 1)


def of_a_model(summary):
    metrics = {"loss", "relative_error_first", "relative_error_second", "excess_loss_to_truth"}
    assert metrics <= set(summary["metric"])
    last = summary[summary["iteration"] == 30].groupby("metric")["mean"].max()
    assert last["relative_error_first"] < 0.2 and last["relative_error_second"] < 0.2


def of_a_problem(summary):
    last = summary[summary["iteration"] == 5].groupby(["cell", "metric"])["mean"].max()
    assert set(last.index.get_level_values("cell")) == {"rows3-columns2", "rows5-columns2"}
    assert (last.xs("relative_error_matrix", level="metric") < 1).all()


def of_a_grid(summary):
    assert set(summary["cell"]) == {"d3-n300-freedom3-norm3", "d3-n300-freedom30-norm3"}


def of_an_analysis(runs):
    assert (runs["path_length"] > 0).all() and (runs["path_detour"] >= 1).all()


def of_a_probe(table):
    assert len(table) == 11 and (table["smallest"] <= table["largest"]).all()


def of_a_table(table):
    assert table["runs"].sum() == 2 and list(table) == ["fitter", "status", "runs"]


def of_a_finding(finding):
    assert finding["id"] == "F10" and finding["numbers"]["runs"] == 2
    assert finding["products"] == ["figures/bounds"]


# What else a result must be, beside that its job made it.
SOUND = {
    "A fitter": of_a_fitter,
    "A symmetric model": of_a_symmetric_model,
    "A model with blocks of its own": of_a_model,
    "A computed data set": of_a_grid,
    "An analysis": of_an_analysis,
    "A probe": of_a_probe,
    "A table": of_a_table,
    "A finding": of_a_finding,
    "A problem of another kind": of_a_problem,
}


def test_page_has_an_example_of_every_kind():
    assert len(EXAMPLES) == 12 and set(SOUND) <= set(EXAMPLES)
    for own in EXAMPLES.values():
        assert own.files and own.entries
        assert sorted(command[0] for command in own.commands) == ["emmoe", "pytest", "snakemake"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_works_with_its_files_and_entry_alone(name, copy):
    own = EXAMPLES[name]
    copy.add(own)
    said = {command[0]: copy.run(*command) for command in own.commands}
    assert " passed" in said["pytest"].splitlines()[-1]  # not all skipped
    (target,) = (command[3] for command in own.commands if command[0] == "snakemake")
    SOUND.get(name, lambda result: None)(read(copy.folder / target))
    added = {f"?? {path}" for path in own.files} | {f" M {path}" for path in own.entries}
    assert copy.changes() == added
    copy.run("ruff", "check", "--quiet", *own.files)
    copy.run("ruff", "format", "--quiet", "--check", *own.files)


def test_em_is_refused_by_name_where_there_is_no_latent_variable(copy):
    own = EXAMPLES["A problem of another kind"]
    copy.add(own)
    copy.edit("studies/theory.yaml", with_em)
    process = copy.call("emmoe", "check")
    (refusal,) = own.refusals
    assert process.returncode == 1 and process.stdout == ""
    (line,) = process.stderr.splitlines()
    place = r"error: .*studies/theory\.yaml, line \d+, column \d+: "
    assert re.fullmatch(place + re.escape(refusal), line)


def with_em(text):
    """The problem's experiment with EM among its fitters."""
    last = "      lbfgs: {algorithm: lbfgs}\n"
    assert text.count(last) == 1
    return text.replace(last, f"{last}      em: {{algorithm: em}}\n")
