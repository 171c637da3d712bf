"""The code hash changes when, and only when, code that a job uses changes."""

import hashlib
import json
import os
import re
import shutil
import subprocess
from functools import cache

import msgspec
import pytest
from records import record

from emmoe.jobs import base
from emmoe.jobs.fit import Fit
from emmoe.store import code, provenance

SETTINGS = {
    "model": {"name": "symmetric_linear"},
    "data": {"name": "synthetic", "n": 40, "d": 2, "norm_beta": 2, "norm_w": 2, "angle": "random"},
    "start": {"name": "near_truth", "distance": {"beta": [1, 0], "w": [1, 0]}},
    "replicates": 1,
    "replicates_per_block": 1,
    "iterations": 1,
    "fitters": {
        "em": {"algorithm": "em"},
        "gradient_em": {"algorithm": "gradient_em", "step": 0.1},
        "gradient_descent": {"algorithm": "gradient_descent", "step": 0.1},
    },
}
CLEAN = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")} | {
    "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@b", "GIT_CONFIG_GLOBAL": os.devnull,
}  # fmt: skip
RECORD = record(experiments={"x": SETTINGS})
PACKAGE = provenance.PACKAGE
DESCENT = "fitters/gradient_descent.py"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the package, which code_hash reads instead of this one."""
    copy, root = tmp_path / "src/emmoe", provenance.PACKAGE.parents[1]
    shutil.copytree(provenance.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(root / "workflow", tmp_path / "workflow")
    monkeypatch.setattr(code, "PACKAGE", copy)
    monkeypatch.setattr(code, "_known", cache(dict))
    code._module.cache_clear()
    yield copy
    code._module.cache_clear()


def edit(package, name, old, new):
    """Replace the first occurrence of a text in a file, which must hold it."""
    path = package / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    code._module.cache_clear()


def fit_hash(algorithm="gradient_descent"):
    for cached in (base._code, code._method, code._script):
        cached.cache_clear()
    return next(Fit.of(RECORD, "x", algorithm)).code


def hash_of(package, text):
    """Return the hash of a module with this text."""
    (package / "sample.py").write_text(text)
    code._module.cache_clear()
    return code.code_hash("emmoe.sample")


CODE = '''"""A module."""
x = [1, 2]


def f(a, b=None):
    """Say what f does."""
    return a + x[0]  # the first
'''
NEUTRAL = {
    "comment": CODE.replace("# the first", "# the one at 0"),
    "docstring of the module": CODE.replace("A module.", "Another text.\n"),
    "docstring of a function": CODE.replace("Say what", "Tell what"),
    "no docstring": CODE.replace('"""A module."""\n', ""),
    "blank lines": CODE.replace("\n\n\n", "\n"),
    "line breaks": CODE.replace("[1, 2]", "[\n    1,\n    2,\n]"),
    "brackets": CODE.replace("a + x[0]", "(a + x[0])"),
    "indentation": CODE.replace("    ", "  "),
}
CHANGES = {
    "number": CODE.replace("x[0]", "x[1]"),
    "operator": CODE.replace("a +", "a -"),
    "type of a number": CODE.replace("[1, 2]", "[1.0, 2]"),
    "default": CODE.replace("b=None", "b=0"),
    "no default": CODE.replace("b=None", "b"),
    "order": CODE.replace("[1, 2]", "[2, 1]"),
    "name": CODE.replace("x", "y"),
    "statement left out": CODE.replace("x = [1, 2]\n", ""),
}


@pytest.mark.parametrize("edit", NEUTRAL)
def test_what_changes_no_code_changes_no_hash(edit, package):
    assert NEUTRAL[edit] != CODE
    assert hash_of(package, NEUTRAL[edit]) == hash_of(package, CODE)


@pytest.mark.parametrize("edit", CHANGES)
def test_what_changes_code_changes_the_hash(edit, package):
    assert hash_of(package, CHANGES[edit]) != hash_of(package, CODE)


CONFUSABLE = [
    ("def f(*, a, b=1): pass", "def f(*, a=1, b): pass"),
    ("d = {**a, 'x': b}", "d = {'x': a, **b}"),
    ("x = None", "x = 'None'"),
    ("x = 1", "x = '1'"),
    ("x = 0", "x = False"),
    ("x = y[1:]", "x = y[:1]"),
]


@pytest.mark.parametrize(("one", "other"), CONFUSABLE)
def test_programs_that_look_alike_have_different_hashes(one, other, package):
    assert hash_of(package, one) != hash_of(package, other)


def test_hash_does_not_depend_on_where_the_package_lies(package, monkeypatch):
    there = fit_hash()
    monkeypatch.setattr(code, "PACKAGE", PACKAGE)
    code._module.cache_clear()
    assert fit_hash() == there


FOLLOWED = {
    "its algorithm": (DESCENT, "theta - step * steepest", "theta - steepest"),
    "what its algorithm imports": ("fitters/base.py", "0 < value", "1e-9 < value"),
    "its model": ("models/symmetric_linear.py", "noise_sd**-2", "noise_sd**2"),
    "what its model imports": ("models/_shared/log_cosh.py", "return", "return 0 *"),
    "its data set": ("datasets/synthetic.py", "standard_normal", "normal"),
    "the seeds": ("store/seeds.py", '"little"', '"big"'),
    "the recorder": ("lab/recorder.py", "iterations + 1", "iterations + 2"),
    "what its job does": ("jobs/fit.py", "return Outcome(tables", "return Outcome(1 * tables"),
    "what its job calls": ("jobs/fit.py", "record[clock][-1:]", "record[clock][-2:]"),
    "the script that runs jobs": ("../../workflow/scripts/job.py", "list(paths)", "[*paths]"),
}


@pytest.mark.parametrize("what", FOLLOWED)
def test_hash_of_a_fit_follows_its_imports(what, package):
    before = fit_hash()
    edit(package, *FOLLOWED[what])
    assert fit_hash() != before


LEFT_OUT = {
    "other fitters": ("fitters/em.py", "yield State", "x = 1; yield State"),
    "other models": ("models/symmetric_logistic.py", "return 0.5", "return 0.25"),
    "other data sets": ("datasets/random_invert_digits.py", "/ 16", "/ 15"),
    "starts of other laws": ("starts/gaussian.py", "np.sqrt(", "np.exp("),
    "figures": ("figures/figure_1.py", "import", "import os, sys; import"),
    "the record": ("record/entries.py", "class Phases", "x = 1\n\n\nclass Phases"),
    "how its job is planned": ("jobs/fit.py", "1e6)", "2e6)"),
    "messages": ("store/errors.py", "class DataError", "x = 1\n\n\nclass DataError"),
}


@pytest.mark.parametrize("what", LEFT_OUT)
def test_hash_of_a_fit_leaves_out(what, package):
    before = fit_hash()
    edit(package, *LEFT_OUT[what])
    assert fit_hash() == before


def test_hash_follows_the_data_files_that_a_module_names(package):
    before = hash_of(package, 'f = "sample.yaml"\ng = "sampled"\n')
    (package / "sample.yaml").write_text("a: 1\n")
    other = hash_of(package, 'f = "sample.yaml"\ng = "sampled"\n')
    (package / "sampled").mkdir()
    (package / "sampled/page.js").write_text("1\n")
    assert len({before, other, hash_of(package, 'f = "sample.yaml"\ng = "sampled"\n')}) == 3
    (package / "others.yaml").write_text("a: 1\n")
    assert hash_of(package, "f = 1\n") == hash_of(package, "f = 1\n")


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """The file in which what was read of modules is kept, for this test alone."""
    monkeypatch.setattr(code, "_kept", lambda: tmp_path / "modules.json")
    code._known.cache_clear()
    yield tmp_path / "modules.json"
    code._known.cache_clear()


def again():
    """Hash a fit's code as a new process would."""
    code._known.cache_clear()
    code._module.cache_clear()
    return fit_hash()


def test_what_was_read_of_modules_is_kept_and_gives_the_same_hash(kept, monkeypatch):
    before = again()
    code._keep(code._known())
    monkeypatch.setattr(code, "_parsed", None)
    assert again() == before


@pytest.mark.parametrize("damage", [b"", b"[]", b'{"emmoe.fitters.em": 1}', b"\xff"])
def test_damaged_file_of_what_was_read_is_not_used(damage, kept, monkeypatch):
    before = again()
    kept.write_bytes(damage)
    assert again() == before


def test_what_was_kept_of_an_older_module_is_not_used(kept, monkeypatch):
    before = again()
    older = {name: read._replace(sha256="0", text="[]") for name, read in code._known().items()}
    code._keep(older)
    assert again() == before


def test_release_with_no_other_change_changes_no_hash(package):
    before = fit_hash()
    edit(package, "__init__.py", "__version__ = ", "__version__ = 'next' + ")
    assert fit_hash() == before


def test_algorithms_have_their_own_hashes():
    assert len({fit_hash(a) for a in ("em", "gradient_em", "gradient_descent")}) == 3


def test_digest_depends_on_content_and_not_on_the_order_of_keys():
    assert provenance.digest({"a": 1, "b": 2}) == provenance.digest({"b": 2, "a": 1})
    assert provenance.digest({"a": 1}) != provenance.digest({"a": 2})


def test_file_hash_is_sha256_of_the_bytes(tmp_path):
    (tmp_path / "f").write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert provenance.file_hash(tmp_path / "f") == expected


def test_description_names_software_and_machine_and_is_json():
    content = json.loads(msgspec.json.encode(provenance.environment()))
    assert content["versions"].keys() >= {"numpy", "scipy", "snakemake"}
    assert content["cpu"] and content["cores"] > 0 and content["blas"]


def git(folder, *command):
    subprocess.run(["git", *command], cwd=folder, check=True, capture_output=True, env=CLEAN)


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A repository with a package of one file, which the commit is asked of."""
    root = tmp_path / "own"
    (root / "src/emmoe").mkdir(parents=True)
    (root / "src/emmoe/a.py").write_text("a = 1\n")
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "one")
    monkeypatch.setattr(provenance, "PACKAGE", root / "src/emmoe")
    monkeypatch.delenv("EMMOE_COMMIT", raising=False)
    return root


def test_commit_is_named_and_marked_where_files_differ_from_it(checkout):
    commit = provenance._commit()
    assert re.fullmatch("[0-9a-f]{40}", commit)
    (checkout / "notes.txt").write_text("no source\n")
    assert provenance._commit() == commit
    (checkout / "src/emmoe/b.py").write_text("new = 1\n")
    assert provenance._commit() == f"{commit}-dirty"


def assume_unchanged(root):
    git(root, "update-index", "--assume-unchanged", "src/emmoe/a.py")


def skip_worktree(root):
    git(root, "update-index", "--skip-worktree", "src/emmoe/a.py")


def trust_times(root):
    """As on file systems where only seconds and sizes are looked at."""
    git(root, "config", "core.trustctime", "false")
    git(root, "config", "core.checkStat", "minimal")


@pytest.mark.parametrize("told", [assume_unchanged, skip_worktree, trust_times])
def test_change_that_git_was_told_to_pass_over_is_seen(checkout, told):
    path = checkout / "src/emmoe/a.py"
    os.utime(path, (10**9, 10**9))
    git(checkout, "status")
    told(checkout)
    commit = provenance._commit()
    path.write_text("a = 2\n")
    os.utime(path, (10**9, 10**9))
    assert provenance._commit() == f"{commit}-dirty"


@pytest.mark.parametrize("where", [".gitignore", ".git/info/exclude"])
def test_source_that_git_was_told_to_leave_out_is_seen(checkout, where):
    commit = provenance._commit()
    (checkout / where).write_text("mine.py\n.*\n")
    for name in (
        ".a.py.swp",
        "__pycache__/a.pyc",
        "a.egg-info/PKG-INFO",
        ".ipynb_checkpoints/a.py",
    ):
        (checkout / "src/emmoe" / name).parent.mkdir(exist_ok=True)
        (checkout / "src/emmoe" / name).touch()
    assert provenance._commit() == commit
    (checkout / "src/emmoe/mine.py").touch()
    assert provenance._commit() == f"{commit}-dirty"


@pytest.mark.parametrize("named", [None, "f" * 40])
def test_repository_around_the_sources_is_not_asked(checkout, named, monkeypatch):
    inner = checkout / "unpacked/src/emmoe"
    inner.mkdir(parents=True)
    monkeypatch.setattr(provenance, "PACKAGE", inner)
    if named:
        monkeypatch.setenv("EMMOE_COMMIT", named)
    assert provenance._commit() == named


def test_named_commit_is_not_believed_where_git_refuses_this_checkout(checkout, monkeypatch):
    monkeypatch.setenv("EMMOE_COMMIT", "f" * 40)
    (checkout / ".git/HEAD").write_text("damaged\n")
    assert provenance._commit() is None


@pytest.mark.parametrize("variable", ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"])
def test_repository_that_the_environment_names_is_not_asked(checkout, variable, monkeypatch):
    own = provenance._commit()
    monkeypatch.setenv(variable, str(provenance.Path(__file__).parents[1] / ".git"))
    assert provenance._commit() == own


def test_seal_covers_every_byte_of_what_is_recorded():
    known = ("1" * 64, "2" * 64, {"a": "é"}, {"i": "3" * 64}, {"o": "4" * 64})
    values = ("fit", "a/b", *known, "2026-01-02T03:04:05", 3.0, provenance.environment())
    data = provenance.Made(*values, notes={"seal": "x", "n": [1, None]}).sealed()
    assert provenance.unsealed(data) == provenance.Made(*values, notes=json.loads(data)["notes"])
    assert json.loads(data)["seal"] == hashlib.sha256(data[: data.rindex(b",\n")]).hexdigest()
    for at in range(len(data)):
        for other in (data[:at], data[:at] + b" " + data[at:], data[:at] + data[at + 1 :]):
            with pytest.raises(ValueError):
                provenance.unsealed(other)
