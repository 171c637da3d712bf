"""Result files are whole or absent, traces fit their schema, and equal content is equal bytes."""

import json
import os

import numpy as np
import pandas as pd
import pytest

from emmoe.lab.columns import checked
from emmoe.store import files as results
from emmoe.store.errors import DataError


def trace(**columns):
    """Return a valid trace of two runs of three iterations, with columns replaced."""
    replicate = np.repeat([0, 1], 3)
    frame = pd.DataFrame(
        {
            "experiment": "symmetric_linear",
            "cell": "all",
            "fitter": "em",
            "replicate": replicate,
            "iteration": np.tile([0, 1, 2], 2),
            "passes": np.tile([1.0, 2.0, 3.0], 2),
            "flops": np.tile([1e3, 2e3, 3e3], 2),
            "loss": 1 / (1.0 + np.arange(6)),
            "gradient_norm": np.exp(-np.arange(6.0)),
            "status": np.where(replicate == 0, "converged", "max_iterations"),
            "relative_error_beta": np.linspace(1, 0, 6),
        }
    )
    return frame.assign(**columns)


def write_trace(frame, path):
    results.write(checked("trace", frame, str(path)), path)


def read_trace(path):
    return checked("trace", results.read_frame(path), str(path))


def check_trace(frame):
    return checked("trace", frame, "a.parquet")


def refusal(call, *arguments):
    """Return the one line with which a trace is refused."""
    with pytest.raises(DataError) as caught:
        call(*arguments)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message


def test_atomic_write_is_invisible_under_the_final_name_until_it_is_whole(tmp_path):
    path = tmp_path / "folder" / "table.csv"
    with results.atomic(path) as temporary:
        temporary.write_text("half")
        assert temporary.parent == path.parent and not path.exists()
        temporary.write_text("half and half")
    assert os.listdir(path.parent) == ["table.csv"]
    assert path.read_text() == "half and half"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_failed_write_leaves_nothing(tmp_path, error):
    with pytest.raises(error), results.atomic(tmp_path / "table.csv") as temporary:
        temporary.write_text("half")
        raise error
    assert os.listdir(tmp_path) == []


def test_failed_write_keeps_the_old_file(tmp_path):
    path = tmp_path / "trace.parquet"
    write_trace(trace(), path)
    before = path.read_bytes()
    refusal(write_trace, trace(loss=np.inf), path)
    assert os.listdir(tmp_path) == ["trace.parquet"] and path.read_bytes() == before


def failing(*_arguments, **_keywords):
    raise OSError("No space left on device")


@pytest.mark.parametrize(
    ("owner", "method", "write", "content"),
    [
        (pd.DataFrame, "to_csv", results.write_csv, trace()),
        (pd.DataFrame, "to_parquet", results.write_parquet, trace()),
        (results.json, "dumps", results.write_json, {}),
    ],
)
def test_writer_that_fails_leaves_nothing(tmp_path, monkeypatch, owner, method, write, content):
    monkeypatch.setattr(owner, method, failing)
    with pytest.raises(OSError, match="No space"):
        write(content, tmp_path / "result.file")
    assert os.listdir(tmp_path) == []


VIOLATIONS = {
    "missing column": (trace().drop(columns="loss"), "loss"),
    "missing key column": (trace().drop(columns="fitter"), "fitter"),
    "unknown column": (trace(speed=1.0), "speed"),
    "text for a number": (trace(loss="low"), "loss"),
    "integers for a number": (trace(passes=1), "passes"),
    "numbers for an integer": (trace(iteration=np.tile([0.0, 1.0, 2.0], 2)), "iteration"),
    "numbers for a text": (trace(cell=1.5), "cell"),
    "infinite loss": (trace(loss=np.inf), "loss"),
    "negative infinite optional metric": (trace(relative_error_beta=-np.inf), "relative_error"),
    "NaN where not nullable": (trace(passes=np.nan), "passes"),
    "missing text": (trace(cell=pd.Series([None] + ["all"] * 5, dtype="str")), "cell"),
    "duplicate key": (trace(iteration=np.tile([0, 1, 1], 2)), "iteration"),
    "unknown status": (trace(status="finished"), "status"),
    "missing status": (trace(status=None), "status"),
}


@pytest.mark.parametrize("violation", VIOLATIONS)
def test_trace_that_violates_the_schema_is_refused_in_one_line(violation, tmp_path):
    frame, column = VIOLATIONS[violation]
    message = refusal(check_trace, frame)
    assert message.startswith("a.parquet: ") and column in message


def test_table_of_runs_has_a_schema_of_its_own():
    assert "status" in refusal(checked, "runs", trace().drop(columns="status"), "a.parquet")
    assert "iteration" in refusal(checked, "runs", trace(), "a.parquet")


@pytest.mark.parametrize("violation", VIOLATIONS)
def test_violation_is_found_on_reading_too(violation, tmp_path):
    frame, column = VIOLATIONS[violation]
    path = tmp_path / "a.parquet"
    frame.to_parquet(path, index=False)
    message = refusal(read_trace, path)
    assert message.startswith(f"{path}: ") and column in message


@pytest.mark.parametrize("column", ["loss", "gradient_norm", "relative_error_beta"])
def test_nullable_column_may_hold_nan(column):
    check_trace(trace(**{column: np.nan}))


def test_optional_column_may_be_absent():
    check_trace(trace().drop(columns="relative_error_beta"))


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.99])
def test_truncated_trace_is_refused_in_one_line(tmp_path, kept):
    path = tmp_path / "trace.parquet"
    write_trace(trace(), path)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    assert refusal(read_trace, path).startswith(f"{path}: not a readable table")


def test_trace_with_flipped_bytes_is_refused_in_one_line(tmp_path):
    path = tmp_path / "trace.parquet"
    write_trace(trace(), path)
    content = bytearray(path.read_bytes())
    content[-8:-4] = b"\xff\xff\xff\x7f"  # the length of the footer
    path.write_bytes(content)
    assert refusal(read_trace, path).startswith(f"{path}: not a readable table")


def test_missing_trace_is_refused_in_one_line(tmp_path):
    path = tmp_path / "trace.parquet"
    assert refusal(read_trace, path).startswith(f"{path}: ")


def test_trace_comes_back_bit_by_bit(tmp_path):
    frame = trace(loss=[np.nan, 0.1 + 0.2, 5e-324, -0.0, 1 / 3, 1e308])
    write_trace(frame, tmp_path / "trace.parquet")
    pd.testing.assert_frame_equal(read_trace(tmp_path / "trace.parquet"), frame, check_exact=True)


def test_table_comes_back_in_full_precision(tmp_path):
    frame = pd.DataFrame({"mean": [0.1 + 0.2, 1 / 3, 5e-324, np.nan], "replicates": [1, 2, 3, 4]})
    results.write_csv(frame, tmp_path / "table.csv")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "table.csv"), frame, check_exact=True)


def test_json_comes_back(tmp_path):
    results.write_json({"steps": [0.1, None]}, tmp_path / "a.json")
    assert results.read_json(tmp_path / "a.json") == {"steps": [0.1, None]}


def test_content_is_written_by_its_kind(tmp_path):
    results.write("text", tmp_path / "a.md")
    results.write({"a": 1}, tmp_path / "a.json")
    results.write(trace(), tmp_path / "a.csv")
    results.write(lambda path: path.write_bytes(b"own"), tmp_path / "a.png")
    assert (tmp_path / "a.md").read_text() == "text"
    assert json.loads((tmp_path / "a.json").read_text()) == {"a": 1}
    assert len(pd.read_csv(tmp_path / "a.csv")) == 6
    assert (tmp_path / "a.png").read_bytes() == b"own"


WRITERS = {
    "a.parquet": lambda path: write_trace(trace(), path),
    "a.csv": lambda path: results.write_csv(trace(), path),
    "a.json": lambda path: results.write_json({"b": 1, "a": [0.1]}, path),
}


@pytest.mark.parametrize("name", WRITERS)
def test_same_content_is_written_as_the_same_bytes(name, tmp_path, monkeypatch):
    first, second = tmp_path / name, tmp_path / "elsewhere" / name
    WRITERS[name](first)
    monkeypatch.setattr("time.time", lambda: 2e9)  # a later day, in another process
    monkeypatch.setattr("os.getpid", lambda: 123456)
    WRITERS[name](second)
    assert first.read_bytes() == second.read_bytes()
