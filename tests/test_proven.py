"""A record that was found right is not checked again, until it, its tables or the code change."""

import pytest

from emmoe.record import proven, read
from emmoe.store.errors import ConfigError

TEXT = """
seed: 7
folders: {results: results, downloads: downloads}
experiments:
  one:
    model: {name: symmetric_linear}
    data: {name: synthetic, n: 200, d: 2, norm_beta: 1.0, norm_w: 1.0, angle: 90}
    start: {name: near_truth, distance: {beta: [0.5, 0.1], w: [0.5, 0.1]}, floor: 0.1}
    replicates: 2
    replicates_per_block: 2
    iterations: 5
    fitters: {em: {algorithm: em}}
figures: {}
tables: {}
"""
TABLE = "data: {name: table, path: data.csv, target: y}\n    start: {name: gaussian, variance: 1.0}"


@pytest.fixture
def checked(tmp_path, monkeypatch):
    """A config in a folder of its own, and the list of the checks of it; nothing is known yet."""
    found, check_record = [], read.check_record
    monkeypatch.setattr(proven, "_kept", lambda: tmp_path / "kept" / "proven.json")
    monkeypatch.setattr(
        read, "check_record", lambda record, thorough: found.append(check_record(record, thorough))
    )
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(TEXT, encoding="utf-8")
    return found


def edit(old, new):
    with open("config.yaml", encoding="utf-8") as file:
        text = file.read()
    assert old in text
    with open("config.yaml", "w", encoding="utf-8") as file:
        file.write(text.replace(old, new))


def test_right_record_is_checked_once(checked):
    first, second = read.load("config.yaml"), read.load("config.yaml")
    assert len(checked) == 1 and first == second


def test_changed_record_is_checked_again(checked):
    read.load("config.yaml")
    edit("n: 200", "n: 300")
    read.load("config.yaml")
    edit("algorithm: em", "algorithm: emm")
    with pytest.raises(ConfigError, match=r"config\.yaml, line 12.*no fitter named 'emm'"):
        read.load("config.yaml")
    edit("algorithm: emm", "algorithm: em")
    read.load("config.yaml")
    assert len(checked) == 2


def test_wrong_record_is_told_every_time(checked):
    edit("angle: 90", "angel: 90")
    for _ in range(2):
        with pytest.raises(ConfigError, match="no such setting"):
            read.load("config.yaml")


def test_check_of_a_job_alone_proves_nothing(checked):
    read.load("config.yaml", thorough=False)
    read.load("config.yaml")
    assert len(checked) == 2


def test_other_code_checks_again(checked, monkeypatch):
    read.load("config.yaml")
    monkeypatch.setattr(proven, "_code", lambda: "other")
    read.load("config.yaml")
    assert len(checked) == 2


def test_changed_table_is_checked_again(checked, tmp_path):
    table = tmp_path / "data.csv"
    edit(TEXT[TEXT.index("data:") : TEXT.index("\n    replicates:")], TABLE)
    edit("symmetric_linear", "mixture_of_experts, family: gaussian, experts: 2")
    table.write_text("x,y\n" + "".join(f"{i},{i % 3}\n" for i in range(30)), encoding="utf-8")
    read.load("config.yaml")
    table.write_text("x,z\n1,2\n", encoding="utf-8")
    with pytest.raises(Exception, match="no column 'y'"):
        read.load("config.yaml")


def test_folder_of_another_place_is_still_looked_at(checked, tmp_path):
    """What depends on where the process works is no part of the proof."""
    read.load("config.yaml")
    (tmp_path / "results").write_text("a file", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"folders\.results"):
        read.load("config.yaml")


@pytest.mark.parametrize("damage", [b"", b"{", b'{"a": 1}', b"\xff"])
def test_damaged_file_of_proofs_proves_nothing(checked, tmp_path, damage):
    read.load("config.yaml")
    (tmp_path / "kept" / "proven.json").write_bytes(damage)
    read.load("config.yaml")
    assert len(checked) == 2


def test_where_nothing_can_be_kept_it_is_checked_again(checked, tmp_path):
    (tmp_path / "kept").write_text("no folder", encoding="utf-8")
    read.load("config.yaml")
    read.load("config.yaml")
    assert len(checked) == 2


def test_last_proofs_are_kept(checked):
    for number in range(proven.MOST + 3):
        proven.remember(str(number))
    assert not proven.is_proven("2") and proven.is_proven("3") and proven.is_proven("52")
