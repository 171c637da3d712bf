"""What a run and a command need of their surroundings is tried first, and told in one line."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile

import pytest
from workflow_helpers import ROOT

from emmoe import __main__ as cli
from emmoe.store import compiled, preflight
from emmoe.store.errors import RunError

NOT_UTF8 = (b"caf\xe9", b"\xff", b"a\xc3", b"\xed\xa0\x80")
QUOTED = ("sp ace", "quo'te", 'dou"ble', "br{ace}s", "$HOME", "semi;colon", "per%cent", "a*", "ä")


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path, monkeypatch):
    for variable in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(tempfile, "tempdir", None)


@pytest.fixture
def started(tmp_path, monkeypatch):
    """The current folder, whose name each test gives as bytes."""

    def start(name):
        path = os.path.join(os.fsencode(tmp_path), name)
        os.mkdir(path)
        os.chdir(path)

    monkeypatch.chdir(tmp_path)  # and back after the test
    return start


@pytest.mark.parametrize("name", NOT_UTF8)
def test_path_that_is_not_utf_8_is_told(started, name):
    started(name)
    with pytest.raises(RunError, match="not UTF-8: rename or move") as error:
        preflight.check_place()
    str(error.value).encode()
    with pytest.raises(SystemExit, match=r"^error: .*not UTF-8"):
        cli.main(["list"])


@pytest.mark.parametrize("name", QUOTED)
def test_other_paths_are_as_good_as_any(started, name):
    started(name.encode())
    preflight.check_place()


@pytest.mark.parametrize("name", [*QUOTED, "new\nline", "tab\t", "back\\slash", "plain"])
def test_shell_starts_the_quoted_interpreter_from_any_path(tmp_path, monkeypatch, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "python").symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(tmp_path / name / "python"))
    preflight.quote_interpreter()
    code = "import sys; print(ascii(sys.executable))"
    found = subprocess.check_output(f"{sys.executable} -c '{code}'", shell=True)
    assert found.decode().strip() == ascii(str(tmp_path / name / "python"))
    if name == "plain":
        assert sys.executable == str(tmp_path / name / "python")


@pytest.mark.parametrize("cores", [0, -1, -8])
def test_run_without_a_core_is_told(cores):
    with pytest.raises(RunError, match=f"--cores {cores}: nothing can run"):
        preflight.check_cores(cores)


@pytest.mark.parametrize("cores", [1, 64, sys.maxsize, None])
def test_any_other_number_of_cores_will_do(cores):
    preflight.check_cores(cores)


@pytest.mark.parametrize("variable", ["TMPDIR", "TEMP", "TMP"])
@pytest.mark.parametrize("place", ["missing", "file", "/proc", "/dev/full"])
def test_folder_for_temporary_files_that_takes_none_is_told(tmp_path, monkeypatch, variable, place):
    (tmp_path / "file").touch()
    folder = str(tmp_path / place)
    monkeypatch.setenv(variable, folder)
    with pytest.raises(RunError, match=f"^{folder}: {variable} .* takes no file .*make room"):
        preflight.check_means("local")


def test_full_folder_for_temporary_files_is_told(tmp_path, monkeypatch):
    @contextlib.contextmanager
    def full(dir):
        with open("/dev/full", "wb", buffering=0) as stream:
            yield stream

    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(RunError, match=r"No space left on device.*set TMPDIR"):
        preflight.check_means("local")


def test_no_folder_for_temporary_files_at_all_is_told(monkeypatch):
    def none():
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    with pytest.raises(RunError, match="no folder for temporary files can be written: set TMPDIR"):
        preflight.check_means("local")


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """A folder that is all of PATH; tools(name, status) puts a command there."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def put(name, status=0):
        (tmp_path / name).write_text(f"#!/bin/sh\nexit {status}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)

    return put


@pytest.mark.parametrize("lost", preflight.SLURM)
def test_lacking_command_of_slurm_is_told(tools, lost):
    for name in preflight.SLURM:
        if name != lost:
            tools(name)
    with pytest.raises(
        RunError, match=f"no Slurm answers .*{lost} is not there.*without --profile"
    ):
        preflight.check_means("slurm")
    preflight.check_means("local")


def test_slurm_that_does_not_answer_is_told_and_one_that_does_is_used(tools):
    for name in preflight.SLURM:
        tools(name)
    preflight.check_means("slurm")
    tools("squeue", 1)
    with pytest.raises(RunError, match=r"no Slurm answers on this machine .squeue fails"):
        preflight.check_means("slurm")


def test_slurm_that_never_answers_is_told(tools, tmp_path, monkeypatch):
    for name in preflight.SLURM:
        tools(name)
    (tmp_path / "squeue").write_text("#!/bin/sh\nexec /bin/sleep 60\n", encoding="utf-8")
    monkeypatch.setattr(preflight, "PATIENCE", 0.2)
    with pytest.raises(RunError, match="squeue fails"):
        preflight.check_means("slurm")


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """Sources and a home whose caches are files, so that nothing can be put into them."""
    (tmp_path / "_compiled").mkdir()
    for name in ("_compiled/__pycache__", "numba"):
        (tmp_path / name).touch()
    monkeypatch.setattr(compiled, "SOURCES", tmp_path / "_compiled")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv(compiled.VARIABLE, "")  # put back after the test
    return tmp_path


@pytest.mark.parametrize("place", ["_compiled/__pycache__", "numba"])
def test_place_that_numba_has_is_left_to_it(nowhere, place):
    (nowhere / place).unlink()
    assert compiled.find_place() is None and not os.environ[compiled.VARIABLE]


def test_place_that_the_user_named_is_kept(nowhere, monkeypatch):
    monkeypatch.setenv(compiled.VARIABLE, str(nowhere / "own"))
    assert compiled.find_place() is None and os.environ[compiled.VARIABLE] == str(nowhere / "own")


def test_named_place_that_cannot_be_written_is_replaced(nowhere, monkeypatch):
    monkeypatch.setenv(compiled.VARIABLE, str(nowhere / "numba"))
    folder = compiled.find_place()
    assert os.path.isdir(folder) and os.environ[compiled.VARIABLE] == folder
    assert folder in compiled.told_place(folder)


@pytest.mark.parametrize("command", [["list"], ["check"]])
def test_commands_work_where_no_compiled_code_can_be_kept_and_leave_nothing(nowhere, command):
    """In a process: a copy of the sources, whose caches are files, and a home without any."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src", nowhere / "src", ignore=ignored)
    (nowhere / "src/emmoe/models/_compiled/__pycache__").touch()
    (nowhere / "scratch").mkdir()
    own = {"PYTHONPATH": str(nowhere / "src"), "TMPDIR": str(nowhere / "scratch")}
    process = subprocess.run(
        [sys.executable, "-m", "emmoe", *command],
        cwd=ROOT, env=os.environ | own, capture_output=True, encoding="utf-8",
    )  # fmt: skip
    assert process.returncode == 0 and process.stderr == "", process.stderr
    assert not list((nowhere / "scratch").iterdir())
