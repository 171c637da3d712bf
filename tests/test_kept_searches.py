"""The wider searches as they are kept: of what stands here, whole, and as large as declared."""

import pandas as pd
import pytest
from workflow_helpers import ROOT

from emmoe.calibration.family import families
from emmoe.calibration.readings import CALIBRATION
from emmoe.calibration.wider import CROSS_ENTROPIES
from emmoe.jobs._calibrated import Stamp, stamp
from emmoe.record.read import load
from emmoe.store.files import read_json
from emmoe.store.provenance import file_hash

KEPT = ROOT / "results" / "reference"
SEARCHES = {"wider": "wider_search.yaml", "wider_linear": "wider_linear.yaml"}


@pytest.mark.parametrize("folder", SEARCHES)
def test_kept_search_is_of_the_settings_and_the_code_that_stand_here(folder, monkeypatch):
    monkeypatch.chdir(ROOT)
    declared = load([ROOT / "config.yaml", ROOT / "studies" / SEARCHES[folder]])
    assert Stamp(**read_json(KEPT / folder / "stamp.json")) == stamp(families(declared))


@pytest.mark.parametrize("folder", SEARCHES)
def test_kept_search_has_the_bytes_of_its_provenance(folder):
    outputs = read_json(KEPT / folder / "provenance.json")["outputs"]
    # Other code may have simulated some settings anew and found them equal: it renews the stamp.
    outputs.pop("calibration/stamp.json")
    found = {f"calibration/{path.name}": file_hash(path) for path in (KEPT / folder).iterdir()}
    apart = {"calibration/provenance.json", "calibration/stamp.json"}
    assert outputs == {name: own for name, own in found.items() if name not in apart}


@pytest.mark.parametrize("folder", SEARCHES)
def test_what_a_kept_search_accepted_met_its_readings(folder):
    settings, scores = (pd.read_csv(KEPT / folder / f"{n}.csv") for n in ("settings", "scores"))
    assert set(scores["setting"]) == set(settings["setting"])
    accepted = set(settings.loc[settings["accepted"], "setting"])
    read = scores[scores["setting"].isin(accepted) & (scores["part"] == CALIBRATION)]
    assert (read["statistic"] <= read["critical"]).all() and set(read["setting"]) == accepted


def test_kept_searches_drew_as_many_settings_as_declared():
    drawn = pd.read_csv(KEPT / "wider" / "settings.csv").groupby("algorithm")["setting"].count()
    expected = {"em": 256, "gradient_descent": 128, "gradient_em": 128}
    assert (drawn / len(CROSS_ENTROPIES)).to_dict() == expected
    linear = pd.read_csv(KEPT / "wider_linear" / "settings.csv")
    of_em = linear[linear["algorithm"] == "em"]
    assert len(of_em) == 641  # with the hand-set one
    assert set(of_em.iloc[1:].value_counts(["angle", "cosine_beta", "cosine_w"])) == {8}
    tried = linear[linear["algorithm"] != "em"]["setting"].str.split("-").str[1]
    assert tried.nunique() == 24
