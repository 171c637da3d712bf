"""Whatever lies under a result's name is read, or told in one line that names it."""

import json
import random

import pandas as pd
import pytest

from emmoe.store import files
from emmoe.store.errors import DataError

FRAME = pd.DataFrame({"cell": ["a", "b"] * 30, "loss": range(60), "path": [[1.0, 2.0]] * 60})
NO_JSON = (b"", b" ", b"[]", b"null", b"1", b'"a"', b"{", b"\xff\xfe", b"\0" * 9, b"[" * 99_999,
           b'{"a":' * 99_999, b"\xef\xbb\xbf{}x", b"1" * 5000, b"<!DOCTYPE html>")  # fmt: skip
NO_FRAME = (b"", b"\0", b"PAR1", b"PAR1PAR1", b"PAR1" + bytes(99) + b"PAR1", b"\xff\xfe\n\xff")


def told(read, path):
    with pytest.raises(DataError) as error:
        read(path)
    assert str(error.value).startswith(f"{path}: ") and "\n" not in str(error.value)


@pytest.mark.parametrize("content", NO_JSON, ids=range(len(NO_JSON)))
def test_what_is_no_json_mapping_is_told(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    told(files.read_json, tmp_path / "a.json")


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("content", NO_FRAME, ids=range(len(NO_FRAME)))
def test_what_is_no_table_is_told(tmp_path, suffix, content):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    if suffix == ".csv" and content.isascii() and content:
        files.read_frame(path)  # a column of that name
    else:
        told(files.read_frame, path)


@pytest.mark.parametrize("name", ["a.json", "a.csv", "a.parquet"])
def test_folders_links_to_nowhere_and_nothing_are_told(tmp_path, name):
    path = tmp_path / name
    read = files.read_json if name.endswith("json") else files.read_frame
    told(read, path)
    path.symlink_to("nowhere")
    told(read, path)
    path.unlink()
    path.mkdir()
    told(read, path)


@pytest.mark.parametrize("name", ["a.json", "a.csv", "a.parquet"])
def test_files_cut_and_changed_anywhere_are_read_or_told(tmp_path, name):
    path, chance = tmp_path / name, random.Random(3)
    content = json.loads(FRAME.to_json()) if name.endswith("json") else FRAME
    files.write(content, path)
    whole = path.read_bytes()
    read = files.read_json if name.endswith("json") else files.read_frame
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(chance.choice((1, 1, 5, 50))):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged[: chance.choice((len(damaged), chance.randrange(len(damaged))))])
        try:
            read(path)
        except DataError as error:
            assert str(error).startswith(f"{path}: ") and "\n" not in str(error)
