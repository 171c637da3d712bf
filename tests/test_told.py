"""What a person reads when a job fails by no fault of the program."""

import errno
import os
import sys

import pytest

from emmoe.store.errors import DataError
from emmoe.store.failures import logged, told


def full(path):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)


def test_full_disk_is_told_in_one_line_and_logged(tmp_path):
    line = "error: cannot use results/a.csv: No space left on device"
    with pytest.raises(SystemExit, match=line), logged(tmp_path / "log"):
        full("results/a.csv")
    assert (tmp_path / "log").read_text().startswith(line)


def test_disk_that_takes_no_log_either_is_told(tmp_path):
    with pytest.raises(SystemExit, match="No space left"), logged(tmp_path / "missing" / "log"):
        full(None)


def test_other_failures_of_the_system_are_not_taken_for_the_disk():
    with pytest.raises(ConnectionRefusedError), told():
        raise ConnectionRefusedError(errno.ECONNREFUSED, "refused")


def test_exit_code_is_not_taken_for_a_mistake(tmp_path):
    with pytest.raises(SystemExit), logged(tmp_path / "log"):
        sys.exit(1)
    assert not (tmp_path / "log").exists()


def test_mistake_told_while_planning_touches_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="error: wrong"), told():
        raise DataError("wrong")
    assert not list(tmp_path.iterdir())
