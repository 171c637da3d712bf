"""The reference keeps a finished run's products and what made them."""

import json

import pytest

from emmoe.archive.reference import ENVIRONMENT, keep
from emmoe.store.errors import DataError
from emmoe.store.provenance import digest

EXPERIMENT = {
    "model": {"name": "symmetric_linear"},
    "data": {"name": "random_invert_digits"},
    "replicates": 3,
    "replicates_per_block": 3,
    "cells_per_block": 1,
    "fitters": {"em": {}, "gd": {}, "late": {}},
}
CONFIG = {
    "experiments": {"e": EXPERIMENT},
    "contests": {"fair": {}, "unfinished": {}},
    "probes": {},
}


def sidecar(folder, fitter, commit="abc"):
    content = dict.fromkeys(ENVIRONMENT, "same") | {"commit": commit, "created": "today"}
    content |= {"experiment": "e", "fitter": fitter, "code": "c", "inputs": {}, "outputs": {}}
    content["task"] = {"cells": [{"name": "x", "key": "long"}], "replicates": [2, 3, 4]}
    clocks = {"cpu_seconds": [0.5, 1.25], "wall_seconds": [1.0, 2.0]}
    content["records"] = [clocks, {"cpu_seconds": [], "wall_seconds": []}, clocks]
    path = folder / "traces" / "e" / fitter / "all.r000-002.provenance.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(content))


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "results"
    products = ("figures/a.png", "tables/a.csv", "findings/a.json", "audit/paper/audit.csv")
    for product in (*products, "tables/.sha256/a.csv"):  # the checksum is not kept
        (folder / product).parent.mkdir(parents=True)
        (folder / product).write_text(product)
    for fitter in ("em", "gd"):
        sidecar(folder, fitter)
    sidecar(folder, "late", commit="def")
    sidecar(folder, "of_another_config")
    return folder


def test_products_are_copied_and_old_ones_removed(results, tmp_path):
    reference = tmp_path / "reference"
    (reference / "tables").mkdir(parents=True)
    (reference / "tables" / "old.csv").touch()
    keep(CONFIG, results, reference)
    assert (reference / "figures" / "a.png").read_text() == "figures/a.png"
    assert [path.name for path in (reference / "tables").iterdir()] == ["a.csv"]
    assert (reference / "findings" / "a.json").read_text() == "findings/a.json"
    assert [path.name for path in (reference / "audit").iterdir()] == ["audit.csv"]


def test_calibration_is_kept_if_it_was_run_without_its_parts(results, tmp_path):
    keep(CONFIG, results, tmp_path / "reference")
    assert not (tmp_path / "reference" / "calibration").exists()
    for file in ("calibrate.md", "bands.csv", "parts/symmetric_linear/data-0.json"):
        (results / "calibration" / file).parent.mkdir(parents=True, exist_ok=True)
        (results / "calibration" / file).write_text(file)
    keep(CONFIG, results, tmp_path / "reference")
    kept = (tmp_path / "reference" / "calibration").iterdir()
    assert sorted(path.name for path in kept) == ["bands.csv", "calibrate.md"]


def test_every_fit_is_traced_to_its_environment_and_its_time(results, tmp_path):
    keep(CONFIG, results, tmp_path / "reference")
    content = json.loads((tmp_path / "reference" / "provenance.json").read_text())
    assert [fit["fitter"] for fit in content["fits"]] == ["em", "gd", "late"]
    commits = [content["environments"][fit["environment"]]["commit"] for fit in content["fits"]]
    assert commits == ["abc", "abc", "def"] and len(content["environments"]) == 2
    assert content["fits"][0]["cpu_seconds"] == 2.5 and content["fits"][0]["wall_seconds"] == 4.0
    assert content["fits"][0]["task"] == {"cells": ["x"], "replicates": [2, 4]}
    task = {"cells": [{"name": "x", "key": "long"}], "replicates": [2, 3, 4]}
    assert content["fits"][0]["settings"] == digest(task)


def test_contests_are_traced_to_their_environment(results, tmp_path):
    content = dict.fromkeys(ENVIRONMENT, "same") | {"commit": "def", "created": "today"}
    content |= {"contest": "fair", "code": "c", "inputs": {}, "outputs": {"costs": "h"}}
    content["task"] = {"cells": [{"name": "x", "key": "long"}], "seed": 1}
    path = results / "contests" / "fair" / "provenance.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(content))
    keep(CONFIG, results, tmp_path / "reference")
    kept = json.loads((tmp_path / "reference" / "provenance.json").read_text())
    assert list(kept["contests"]) == ["fair"] and "probes" not in kept
    contest = kept["contests"]["fair"]
    assert kept["environments"][contest["environment"]]["commit"] == "def"
    assert contest["task"] == {"cells": ["x"], "seed": 1} and contest["outputs"] == {"costs": "h"}


def test_unfinished_run_is_not_kept(tmp_path):
    with pytest.raises(DataError, match="no finished run"):
        keep(CONFIG, tmp_path, tmp_path / "reference")
    assert not (tmp_path / "reference").exists()
