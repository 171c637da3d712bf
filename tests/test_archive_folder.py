"""`emmoe verify` of a folder of results, and of one that an archive was unpacked to."""

import os
import shutil
import zipfile
from pathlib import Path

import pytest
import yaml
from archive_helpers import TRACE, make, rich, verify, write

from emmoe.archive import bounds
from emmoe.record import read
from emmoe.store.errors import DataError


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder with results of all kinds, and the config that they are of."""
    folder = tmp_path_factory.mktemp("run")
    make(rich(folder / "results"))
    return folder


@pytest.fixture
def folder(finished, tmp_path):
    """A copy of it, elsewhere."""
    shutil.copytree(finished / "results", tmp_path / "results")
    content = rich(finished / "results")
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return tmp_path


def checked(folder, *options, capsys):
    options = ("--configfile", str(folder / "own.yaml"), *options)
    return verify(folder / "results", *options, capsys=capsys)


def every(folder):
    return sorted(path for path in (folder / "results").rglob("*") if path.is_file())


def test_folder_of_results_is_as_recorded_wherever_it_lies(folder, capsys):
    (folder / "results/logs").mkdir()
    (folder / "results/logs/more.log").write_text("not a result", encoding="utf-8")
    lines, error = checked(folder, capsys=capsys)
    assert error is None
    assert lines[0] == f"results    {folder / 'results'}, of {folder / 'own.yaml'}"
    assert lines[1] == f"files      {len(every(folder)) - 1}, all as recorded"


@pytest.mark.parametrize("kept", [True, False], ids=["time kept", "time new"])
def test_every_changed_file_is_named(folder, capsys, kept):
    """Each file in turn: one byte in its middle, all of it, and gone."""
    assert len(every(folder)) >= 27
    for path in every(folder):
        data, times = path.read_bytes(), path.stat()
        middle = len(data) // 2
        flipped = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
        for changed in (flipped, b"", None):
            path.unlink() if changed is None else path.write_bytes(changed)
            if kept and changed is not None:
                os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
            lines, error = checked(folder, capsys=capsys)
            assert error is not None, path
            assert any(str(path) in line for line in lines), path
        path.write_bytes(data)
    assert checked(folder, capsys=capsys)[1] is None


def test_large_results_are_read_with_full_only(folder, capsys, monkeypatch):
    monkeypatch.setattr(bounds, "UNREAD", 0)
    path = folder / TRACE
    path.write_bytes(path.read_bytes() + b"x")
    lines, error = checked(folder, capsys=capsys)
    assert f"unread     {path}: large: --full reads it" in lines and error is None
    lines, error = checked(folder, "--full", capsys=capsys)
    assert any(line.startswith(f"{path}: edited or damaged") for line in lines) and error


def test_part_of_a_target_that_is_gone_is_named(folder, capsys):
    for path in (folder / "results/tables").iterdir():
        path.unlink()
    lines, error = checked(folder, capsys=capsys)
    said = "tables/certificate: missing, though others of the target figures are here"
    assert said in lines and error


def test_results_of_another_config_are_told(folder, capsys):
    content = yaml.safe_load((folder / "own.yaml").read_text(encoding="utf-8"))
    content["experiments"]["small"]["iterations"] += 1
    (folder / "own.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    lines, error = checked(folder, capsys=capsys)
    assert error and any("made with other settings than the config's" in line for line in lines)


def test_pipe_in_place_of_a_result_is_not_waited_for(folder, capsys):
    (folder / TRACE).unlink()
    os.mkfifo(folder / TRACE)
    lines, error = checked(folder, capsys=capsys)
    assert f"{folder / TRACE}: missing" in lines and error


def test_folder_without_results_is_one_line(folder, capsys):
    shutil.rmtree(folder / "results")
    (folder / "results").mkdir()
    lines, error = checked(folder, capsys=capsys)
    assert lines == [] and "none of the results that" in error


@pytest.mark.slow
def test_folder_of_results_is_made_again(folder, capsys):
    lines, error = checked(folder, "--recompute", "1", capsys=capsys)
    assert error is None and sum(line.startswith("same") for line in lines) == 6


def test_unpacked_archive_is_checked_as_the_packed_one(folder, finished, capsys):
    write(rich(finished / "results"), folder / "archive.zip")
    with zipfile.ZipFile(folder / "archive.zip") as archive:
        archive.extractall(folder / "unpacked")
    lines, error = verify(folder / "unpacked", capsys=capsys)
    assert error is None and "all as recorded" in lines[0]
    odd = folder / "unpacked" / os.fsdecode(b"results/\xff\x1b[31m")
    odd.touch()
    os.mkfifo(folder / "unpacked/results/pipe")
    Path(folder / "unpacked/results/loop").symlink_to("loop")
    lines, error = verify(folder / "unpacked", capsys=capsys)
    assert error and all(line.isprintable() for line in lines)
    assert "results/\\udcff\\x1b[31m: not listed in SHA256SUMS" in lines
    assert any("results/pipe: not listed" in line for line in lines)


def test_archive_of_what_is_no_whole_target_is_not_written(folder, tmp_path):
    content = rich(folder / "results")
    for kind in ("figures", "tables", "findings"):
        shutil.rmtree(folder / "results" / kind)
    with pytest.raises(DataError, match="no figure, table or finding of figures is here"):
        write(content, tmp_path / "archive.zip")
    assert not (tmp_path / "archive.zip").exists()
    assert read.check(content)
