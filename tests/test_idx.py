"""read_idx() accepts exactly a whole gzip IDX file of unsigned bytes, and says why otherwise."""

import gzip
import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest

from emmoe.datasets._shared.idx import read_idx
from emmoe.store.errors import DataError

OFFICIAL = Path(__file__).parents[1].parent / "shared" / "datasets" / "fashion-mnist"
# name: shape, MD5 by the publisher, SHA-256 of the same bytes
FILES = {
    "train-images-idx3-ubyte.gz": (
        (60000, 28, 28),
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    ),
    "train-labels-idx1-ubyte.gz": (
        (60000,),
        "25c81989df183df01b3e8a0aad5dffbe",
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    ),
    "t10k-images-idx3-ubyte.gz": (
        (10000, 28, 28),
        "bef4ecab320f06d8554ea6380940ec79",
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    ),
    "t10k-labels-idx1-ubyte.gz": (
        (10000,),
        "bb300cfdad3c16e7a12a480ee83cd310",
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    ),
}
VALUES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


def idx_bytes(values=VALUES, kind=8, dims=None):
    dims = values.shape if dims is None else dims
    return struct.pack(f">HBB{len(dims)}I", 0, kind, len(dims), *dims) + values.tobytes()


def pack(raw):
    return gzip.compress(raw, mtime=0)  # no clock in the bytes, which name the test cases


@pytest.fixture
def write(tmp_path):
    def call(packed):
        path = tmp_path / "data.gz"
        path.write_bytes(packed)
        return path

    return call


@pytest.mark.parametrize("shape", [(24,), (4, 6), (2, 3, 4)])
def test_array_comes_back_in_c_order(write, shape):
    values = VALUES.reshape(shape)
    found = read_idx(write(pack(idx_bytes(values))))
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, values)


PACKED = pack(idx_bytes())


@pytest.mark.parametrize(
    ("packed", "reason"),
    [
        (b"<!doctype html><html></html>", "not a sound gzip file"),
        (idx_bytes(), "not a sound gzip file"),
        (PACKED + b"rest", "not a sound gzip file"),
        (PACKED[:-8] + b"\0" * 8, "not a sound gzip file"),  # its checksum is gone
        (PACKED[:10] + b"\xff" * 20, "not a sound gzip file"),
        (PACKED[:-9], "truncated: its gzip stream"),
        (b"", "truncated"),
        (pack(idx_bytes()[:7]), "truncated: its IDX header"),
        (pack(idx_bytes()[:3]), "truncated: its IDX header"),
        (pack(idx_bytes()[:-1]), "truncated: 23 of 24 values"),
        (pack(idx_bytes() + b"xy"), "2 trailing bytes after 24 values"),
        (pack(idx_bytes(kind=13)), "wrong magic 0x00000d03"),
        (pack(b"PK\x03\x04 no idx"), "wrong magic 0x504b0304"),
        (pack(idx_bytes(dims=())), "dimensions"),
        (pack(idx_bytes(VALUES[:0], dims=(0, 2**32 - 1))), "dimensions"),
        (pack(idx_bytes(VALUES[:1, :1, :1], dims=(1,) * 200)), "dimensions"),
        (pack(idx_bytes(dims=(2**31, 2**31, 4))), "truncated: 24 of 18446744073709551616"),
    ],
)
def test_malformed_file_is_refused_in_one_line(write, packed, reason):
    path = write(packed)
    with pytest.raises(DataError) as caught:
        read_idx(path)
    message = str(caught.value)
    assert reason in message and str(path) in message and "\n" not in message


def test_missing_file_is_told_in_one_line(tmp_path):
    with pytest.raises(DataError, match=r"^cannot read .*none\.gz: No such file or directory$"):
        read_idx(tmp_path / "none.gz")


def test_well_formed_file_of_another_checksum_is_refused(write):
    right = hashlib.sha256(PACKED).hexdigest()
    assert read_idx(write(PACKED), right.upper()).shape == VALUES.shape
    other = write(pack(idx_bytes(VALUES + 1)))
    with pytest.raises(DataError, match=f"instead of {right[:12]}"):
        read_idx(other, right)


@pytest.mark.parametrize("name", FILES)
def test_official_file_has_both_checksums_and_the_published_shape(name):
    path = OFFICIAL / name
    if not path.exists():
        pytest.skip("no copy of the official Fashion-MNIST files beside the checkout")
    shape, md5, sha256 = FILES[name]
    assert hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() == md5
    values = read_idx(path, sha256)
    assert values.shape == shape
    if len(shape) == 1:
        assert set(np.bincount(values)) == {shape[0] // 10}  # ten balanced classes
    else:
        assert (values.min(), values.max()) == (0, 255)
