"""Whatever is sent as an archive is checked or refused in a line: in little time and memory, and
nothing is run or written."""

import contextlib
import io
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from archive_helpers import make, members, pack, settings, write
from campaign import CASES
from hostile_archives import EXECUTED, bombs, designed, packed, randomly
from workflow_helpers import ROOT, environment

from emmoe import __main__ as cli
from emmoe.archive import bounds

RANDOM, BATCHES = 5000, 10
SECONDS = 10  # a case, of CPU time
MEMORY = 300  # MB, above what a sound archive takes
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
ACTIONS = ("os.", "subprocess.", "socket.", "shutil.", "ctypes.dlopen")
HARMLESS = {"os.listdir", "os.scandir", "os.walk", "os.fwalk", "os.putenv"}
# What zipfile does without: all files are as recorded. (A size may be one too large.)
UNREAD = tuple(
    f"headers: {f}" for f in ("end disk", "end comment", "central packed", "central size")
)
WATCH = {"folder": None, "seen": []}


def _hook(event, arguments):
    """Note what is run, or written outside the folder for temporary files, while that is set."""
    if (folder := WATCH["folder"]) is None:
        return
    path = str(arguments[0]) if arguments else ""
    if event == "open":
        done = bool(arguments[2] & WRITING) and isinstance(arguments[0], str | bytes)
    else:
        done = event.startswith(ACTIONS) and event not in HARMLESS
    beneath = event in ("os.remove", "os.rmdir") and arguments[-1] >= 0  # of an open folder
    compiled = "__pycache__" in path  # the program's own
    if done and not beneath and not compiled and not path.startswith(folder):
        WATCH["seen"].append((event, arguments))


sys.addaudithook(_hook)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """The files of a sound archive."""
    folder = tmp_path_factory.mktemp("run")
    make(settings(folder / "results"), audit=False)
    write(settings(folder / "results"), folder / "archive.zip")
    return members(folder / "archive.zip")


@pytest.fixture
def judge(tmp_path, monkeypatch):
    """Return judge(name, bytes): how `emmoe verify` ends, None or its line, all else checked."""
    temporary, here = tmp_path / "temporary", tmp_path / "here"
    temporary.mkdir()
    here.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.chdir(here)
    path = tmp_path / "archive.zip"

    def run(name, data):
        path.write_bytes(data)
        WATCH.update(folder=str(temporary), seen=[])
        began = time.process_time()
        try:
            lines, error = verified(path)
        except Exception as raised:
            raise AssertionError(f"{name}: {type(raised).__name__}: {raised}") from raised
        finally:
            WATCH["folder"] = None
        assert time.process_time() - began < SECONDS, name
        assert not WATCH["seen"], (name, WATCH["seen"])
        assert not list(temporary.iterdir()) and not list(here.iterdir()), name
        assert len(lines) < 2 * bounds.LINES, name
        for line in [*lines, error or ""]:
            assert line.isprintable() and len(line) < 10 * bounds.WIDTH, (name, line)
        return error

    return run


def verified(path):
    """Return the lines that `emmoe verify` prints and its error, None if there is none."""
    out, error = io.StringIO(), None
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            cli.main(["verify", str(path)])
        except SystemExit as end:
            error = end.code
    return out.getvalue().split("\n")[:-1], error


def test_sound_archive_is_accepted_and_an_action_would_be_seen(sound, judge, tmp_path):
    assert judge("sound", packed(sound)) is None
    WATCH.update(folder=str(tmp_path / "temporary"), seen=[])
    (tmp_path / "written").write_text("x", encoding="utf-8")
    os.system("true")
    WATCH["folder"] = None
    assert [event for event, _ in WATCH["seen"]] == ["open", "os.system"]
    assert "touch executed" in EXECUTED


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_designed_archives_are_refused_in_a_line(sound, judge):
    cases, wrong = designed(sound), []
    assert len(cases) >= 250
    for name, build in cases.items():
        try:
            ended = judge(name, build())
            wrong += [f"{name}: accepted"] if ended is None and not name.startswith(UNREAD) else []
        except AssertionError as error:
            wrong.append(str(error))
    assert not wrong, "\n".join(wrong)
    CASES["designed archives"] += len(cases)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_random_archives_are_checked_or_refused(sound, judge, batch):
    rng = random.Random(batch)
    for number in range(RANDOM // BATCHES):
        judge(f"{batch}, {number}", randomly(sound, rng))
    CASES["random archives"] += RANDOM // BATCHES


MEASURED = """
import sys, time
from benchmarks.measure import resident
from emmoe.__main__ import main
from emmoe.archive import bounds
for path in sys.argv[1:]:
    before, began, said = resident("VmHWM"), time.process_time(), ""
    try:
        main(["verify", path])
    except SystemExit as end:
        said = end.code
    took = time.process_time() - began
    print("measured", before, resident("VmHWM"), took, said, sep="\\t", flush=True)
"""


@pytest.mark.slow
def test_bombs_are_refused_within_time_and_memory(sound, tmp_path):
    pack(tmp_path / "sound.zip", sound)
    paths = [tmp_path / "sound.zip"]
    for number, build in enumerate(bombs(sound).values()):
        paths.append(tmp_path / f"{number}.zip")
        paths[-1].write_bytes(build())
    command = [sys.executable, "-c", MEASURED, *map(str, paths)]
    process = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=True
    )
    assert not process.stderr
    rows = [line.split("\t")[1:] for line in process.stdout.split("\n") if "measured\t" in line]
    start = float(rows[0][1])
    for name, (_, peak, seconds, said) in zip(bombs(sound), rows[1:], strict=True):
        assert float(peak) - start < MEMORY, (name, float(peak) - start)
        assert float(seconds) < SECONDS, (name, seconds)
        assert said.startswith("error: "), name
    CASES["designed archives"] += len(rows) - 1


@pytest.mark.parametrize("kind", ["pipe", "device", "socket", "folder", "NUL", "loop"])
def test_what_is_no_file_is_one_line(tmp_path, monkeypatch, kind):
    path = tmp_path / kind
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
        monkeypatch.chdir(ROOT)
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "socket":
        import socket

        with socket.socket(socket.AF_UNIX) as own:
            monkeypatch.chdir(tmp_path)
            own.bind(kind)
    path = {"device": Path("/dev/zero"), "NUL": "a\0b"}.get(kind, path)
    lines, error = verified(path)
    assert lines == [] and error.startswith("error: ") and error.isprintable()


def test_bounds_are_those_that_the_documentation_states():
    text = (ROOT / "docs" / "archive.md").read_text(encoding="utf-8")
    stated = re.findall(r"\(`([A-Z_]+)`.*?\|([^|]+)\|", text)
    assert len(stated) >= 20
    for name, value in stated:
        assert getattr(bounds, name) == int(value.replace(" ", "")), name
