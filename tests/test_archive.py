"""An archive holds what is there, verifies itself, and every kind of damage is found and named."""

import copy
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from archive_helpers import (
    FIGURE,
    SIDECAR,
    TRACE,
    copied,
    corrected,
    listed,
    members,
    pack,
    settings,
    verify,
    write,
)
from workflow_helpers import ROOT, environment

from emmoe.archive.reader import SUMS
from emmoe.jobs.base import execute
from emmoe.jobs.fit import Fit
from emmoe.jobs.gather import Gather
from emmoe.jobs.product import Product
from emmoe.record import read
from emmoe.store import provenance
from emmoe.store.errors import DataError


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The settings of a run that is there in full, in a folder of results."""
    results = tmp_path_factory.mktemp("run") / "results"
    record = read.check(settings(results))
    for job in [*Fit.every(record), *Gather.every(record), *Product.every(record)]:
        execute(job.work, job.inputs)
    (results / "traces/small/em/left-over.parquet").touch()
    return settings(results)


@pytest.fixture
def archive(finished, tmp_path):
    """The archive of the finished run."""
    write(finished, tmp_path / "archive.zip")
    return tmp_path / "archive.zip"


def test_archive_holds_what_the_config_declares_and_is_there(archive):
    names = set(members(archive))
    assert {f"{FIGURE}.{suffix}" for suffix in ("png", "pdf", "provenance.json")} <= names
    assert {"config.yaml", SUMS, "results/summaries/small.csv"} <= names
    assert {TRACE, SIDECAR, TRACE.replace("traces", "runs")} <= names
    assert len(names) == 2 + 2 * 2 * 3 + 4 + 3  # and nothing left over or missing


def test_same_results_give_the_same_bytes(finished, archive, tmp_path):
    for path in Path(finished["folders"]["results"]).glob("**/*"):
        path.touch()
    write(finished, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == archive.read_bytes()
    with zipfile.ZipFile(archive) as opened:
        infos = opened.infolist()
        assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
        assert [i.filename for i in infos[:-1]] == sorted(i.filename for i in infos[:-1])


def test_sha256sum_reads_the_checksums(archive, tmp_path):
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(tmp_path / "out")
    process = subprocess.run(["sha256sum", "-c", "--quiet", SUMS], cwd=tmp_path / "out")
    assert process.returncode == 0


def test_whole_archive_is_verified_and_recomputed(archive, capsys):
    lines, error = verify(archive, "--recompute", "3", "--seed", "4", capsys=capsys)
    assert error is None
    assert lines[0] == f"archive    {archive}, SHA-256 {provenance.file_hash(archive)}"
    assert lines[1:4] == [
        f"files      {len(members(archive)) - 1}, all as recorded",
        "target     figures: 1 of 1 products",
        "absent     audit/figures, audit/paper, report/report",
    ]
    assert lines[4] == "recompute  3 of 4 fits, drawn with --seed 4"
    same = [re.fullmatch(r"same +(\S+): the same, byte for byte", line)[1] for line in lines[5:]]
    assert [name.split("/")[0] for name in same] == ["fit"] * 3 + ["gather", "product"]


def test_archive_is_verified_where_its_results_lay(archive, finished, monkeypatch, capsys):
    monkeypatch.chdir(yaml.safe_load(members(archive)["config.yaml"])["folders"]["results"])
    lines, error = verify(archive, capsys=capsys)
    assert error is None and lines[1].endswith("all as recorded")


def test_changed_byte_in_the_archive_is_found_and_named(archive, capsys):
    with zipfile.ZipFile(archive) as opened:
        info = opened.getinfo(TRACE)
    data = bytearray(archive.read_bytes())
    data[info.header_offset + 200] ^= 1
    archive.write_bytes(data)
    lines, error = verify(archive, capsys=capsys)
    assert lines[1].startswith(f"{TRACE}: ") and lines[2].startswith("target")
    assert error.endswith("1 of the checks above failed")


def test_changed_file_is_found_and_named(archive, tmp_path, capsys):
    content = members(archive)
    content[f"{FIGURE}.png"] += b"x"
    pack(tmp_path / "changed.zip", content)
    lines, error = verify(tmp_path / "changed.zip", capsys=capsys)
    assert all(line.startswith(f"{FIGURE}.png: ") for line in lines[1:3])
    assert SUMS in lines[1] and f"in {FIGURE}.provenance.json" in lines[2]
    assert "2 of the checks" in error


def test_result_that_is_not_what_its_provenance_recorded_is_found(archive, tmp_path, capsys):
    content = members(archive)
    pack(tmp_path / "changed.zip", listed(content | {TRACE: content[TRACE] + b"x"}))
    lines, error = verify(tmp_path / "changed.zip", capsys=capsys)
    assert lines[1].startswith(f"{TRACE}: edited or damaged")
    assert lines[2] == f"results/summaries/small.provenance.json: made from another {TRACE}"
    assert error.endswith("2 of the checks above failed")


def test_missing_and_unlisted_files_are_named(archive, tmp_path, capsys):
    content = members(archive)
    del content["results/summaries/small.csv"]
    pack(tmp_path / "changed.zip", content | {"results/more.csv": b"1"})
    lines, error = verify(tmp_path / "changed.zip", capsys=capsys)
    assert lines[1:5] == [
        "results/summaries/small.csv: missing",
        f"results/more.csv: not listed in {SUMS}",
        "results/more.csv: no job of the archived config made it",
        f"{FIGURE}.provenance.json: made from results/summaries/small.csv, which is not here",
    ]
    assert error.endswith("4 of the checks above failed")


def test_config_that_is_not_the_provenances_is_found(archive, tmp_path, capsys):
    content = members(archive)
    changed = yaml.safe_load(content["config.yaml"]) | {"seed": 6}
    content["config.yaml"] = yaml.safe_dump(changed).encode()
    pack(tmp_path / "changed.zip", corrected(content))
    lines, error = verify(tmp_path / "changed.zip", "--recompute", "1", capsys=capsys)
    assert f"{SIDECAR}: made with other settings than the config's" in lines[1] and error
    assert any(line.startswith("differs") and "other settings" in line for line in lines)


def test_truncated_archive_is_one_line(archive, capsys):
    archive.write_bytes(archive.read_bytes()[:-40])
    lines, error = verify(archive, capsys=capsys)
    assert lines == [] and len(error.splitlines()) == 1
    assert "not a whole archive" in error and str(archive) in error


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/evil", "a/../../evil", "a\\evil", "c:evil", "a/"]
)
def test_path_that_leads_out_of_the_archive_is_refused(archive, tmp_path, name, capsys):
    pack(tmp_path / "unsafe.zip", members(archive), [(name, b"x")])
    lines, error = verify(tmp_path / "unsafe.zip", capsys=capsys)
    assert lines == [] and "unsafe entry" in error and repr(name)[1:-1] in error


def test_link_in_an_archive_is_refused(archive, tmp_path, capsys):
    link = zipfile.ZipInfo("results/link")
    link.external_attr = 0o120777 << 16
    pack(tmp_path / "unsafe.zip", members(archive), [(link, b"/etc/passwd")])
    assert "unsafe entry" in verify(tmp_path / "unsafe.zip", capsys=capsys)[1]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_name_that_is_twice_in_an_archive_is_refused(archive, tmp_path, capsys):
    pack(tmp_path / "twice.zip", members(archive), [(TRACE, b"x")])
    assert f"{TRACE} is in it 2 times" in verify(tmp_path / "twice.zip", capsys=capsys)[1]


@pytest.mark.parametrize("content", [{}, {"a": b"1"}, {SUMS: b"nonsense\n"}])
def test_zip_that_is_no_archive_is_one_line(content, tmp_path, capsys):
    pack(tmp_path / "other.zip", content)
    error = verify(tmp_path / "other.zip", capsys=capsys)[1]
    assert SUMS in error and len(error.splitlines()) == 1


def test_file_that_is_not_there_is_one_line(tmp_path, capsys):
    assert "no such archive" in verify(tmp_path / "none.zip", capsys=capsys)[1]


def test_edited_result_is_not_archived(finished, tmp_path):
    checked, trace = copied(finished, tmp_path), tmp_path / TRACE
    trace.write_bytes(trace.read_bytes() + b"x")
    with pytest.raises(DataError, match=re.escape(f"{trace}: edited or damaged")):
        write(checked, tmp_path / "archive.zip")
    assert not (tmp_path / "archive.zip").exists()


def test_figure_edited_after_it_was_written_is_not_archived(finished, tmp_path):
    checked, figure = copied(finished, tmp_path), tmp_path / f"{FIGURE}.png"
    write(checked, tmp_path / "archive.zip")
    figure.write_bytes(figure.read_bytes() + b"x")
    with pytest.raises(DataError, match=re.escape(f"{figure}: edited or damaged")):
        write(checked, tmp_path / "archive.zip")


def test_result_of_other_settings_is_not_archived(finished, tmp_path):
    changed = copy.deepcopy(finished)
    changed["experiments"]["small"]["iterations"] += 1
    with pytest.raises(DataError, match=r"provenance.json: made with other settings"):
        write(changed, tmp_path / "archive.zip")


def test_trace_that_no_fit_of_the_config_made_is_found(archive, tmp_path, capsys):
    content = members(archive)
    config = yaml.safe_load(content["config.yaml"])
    del config["experiments"]["small"]["fitters"]["em"]
    config["figures"] = {}
    content["config.yaml"] = yaml.safe_dump(config).encode()
    pack(tmp_path / "cut.zip", corrected(content))
    lines, error = verify(tmp_path / "cut.zip", "--recompute", "1", capsys=capsys)
    assert error and f"{TRACE}: no job of the archived config made it" in lines


def test_archive_without_a_fit_cannot_be_recomputed(archive, tmp_path, capsys):
    content = {name: data for name, data in members(archive).items() if "small" not in name}
    pack(tmp_path / "cut.zip", corrected(content))
    lines, error = verify(tmp_path / "cut.zip", "--recompute", "1", capsys=capsys)
    assert error and lines[-1] == "no fit could be made again"


@pytest.mark.parametrize("damage", [b"{", b"[]", b"{}"])
def test_damaged_provenance_is_one_line(finished, tmp_path, damage):
    checked, sidecar = copied(finished, tmp_path), tmp_path / SIDECAR
    sidecar.write_bytes(damage)
    with pytest.raises(DataError, match=re.escape(str(sidecar))):
        write(checked, tmp_path / "archive.zip")


def test_nothing_is_not_archived(tmp_path):
    with pytest.raises(DataError, match="no results to archive"):
        write(settings(tmp_path), tmp_path / "archive.zip")


@pytest.mark.slow
def test_verify_through_the_command_line(archive):
    command = [sys.executable, "-m", "emmoe", "verify", str(archive), "--recompute", "-1"]
    process = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True)
    assert process.returncode == 2 and "'-1' is not a whole number" in process.stderr
