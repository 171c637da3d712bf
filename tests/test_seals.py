"""A result that was changed after it was written is named, by whoever reads it."""

import json

import pytest

from emmoe.jobs import steps as jobs
from emmoe.store import checksums as seals
from emmoe.store import provenance
from emmoe.store.errors import DataError


def write(path, text):
    with seals.sealed(path):
        path.write_text(text)


@pytest.fixture
def trace(tmp_path):
    """A fit's trace, with its table of runs and its provenance."""
    for kind in ("traces", "runs"):
        path = tmp_path / kind / "lines" / "em" / "r0.parquet"
        path.parent.mkdir(parents=True)
        path.write_text(kind)
    trace, runs = seals.files_of_fit(tmp_path / "traces/lines/em/r0.parquet")
    hashes = {"trace": provenance.file_hash(trace), "runs": provenance.file_hash(runs)}
    trace.with_name("r0.provenance.json").write_text(json.dumps({"outputs": hashes}))
    return trace


def test_changed_table_is_named_where_it_is_read(tmp_path):
    path = tmp_path / "table.csv"
    write(path, "a\n1\n")
    assert jobs.read_input(str(path))["a"].tolist() == [1]
    path.write_text("a\n2\n")
    with pytest.raises(DataError, match=r"table\.csv: edited or damaged .* delete it"):
        jobs.read_input(str(path))
    write(path, "a\n3\n")
    seals.check(path)


def test_table_without_a_seal_passes(tmp_path):
    (tmp_path / "table.csv").write_text("a\n1\n")
    seals.check(tmp_path / "table.csv")


def test_file_whose_writing_failed_has_no_seal(tmp_path):
    path = tmp_path / "table.csv"
    write(path, "a\n1\n")
    with pytest.raises(OSError), seals.sealed(path):
        raise OSError
    path.write_text("a\n2\n")
    seals.check(path)


def test_changed_trace_or_table_of_runs_is_named(trace):
    for path in seals.files_of_fit(trace):
        seals.check_fit(path)
        right = path.read_text()
        path.write_text("other")
        with pytest.raises(DataError, match=f"{path.parts[-4]}/lines/em/r0.parquet: edited"):
            seals.check_fit(path)
        path.write_text(right)


def test_damaged_provenance_is_named(trace):
    record = trace.with_name("r0.provenance.json")
    record.write_text(record.read_text()[:20])
    with pytest.raises(DataError, match=r"r0\.provenance\.json: edited or damaged"):
        seals.check_fit(trace)


def test_all_changed_files_are_listed_once(trace, tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "summaries").mkdir()
    write(tmp_path / "tables" / "a.csv", "1")
    write(tmp_path / "summaries" / "b.csv", "2")
    assert seals.changed(tmp_path, [trace]) == []
    (tmp_path / "summaries" / "b.csv").write_text("3")
    (tmp_path / "tables" / "a.csv").unlink()
    trace.write_text("other")
    named = [line.partition(": ")[0] for line in seals.changed(tmp_path, [trace, trace])]
    assert named == [str(tmp_path / "summaries/b.csv"), str(trace)]
