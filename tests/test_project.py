"""A table of one's own in the workflow: the data set, and the project that `emmoe init` writes."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from workflow_helpers import environment

from emmoe.__main__ import main
from emmoe.datasets.table import EXAMPLE, Table
from emmoe.models.logistic_experts import LogisticExperts
from emmoe.store.errors import DataError

SNAKEMAKE = [str(Path(sys.executable).with_name("snakemake")), "--cores", "1"]
MODULE = """
configfile: "config.yaml"
from emmoe.store.packaged import SNAKEFILE, workflow_folder
module emmoe:
    snakefile: str(workflow_folder() / SNAKEFILE)
    config: config
use rule * from emmoe as emmoe_*
rule everything:
    default_target: True
    input: "results/summaries/growth.csv"
"""


def rows(**changes):
    (_, sample), *_ = Table(**{"path": str(EXAMPLE), "target": "kind"} | changes).samples(
        LogisticExperts(classes=2), [None], [None], None, {}
    )
    return sample


def test_features_are_scaled_after_a_column_of_ones():
    own = {"columns": ("size", "site"), "categorical": ("site",), "intercept": True}
    sample = rows(**own, classes=True)
    table = pd.read_csv(EXAMPLE)
    np.testing.assert_array_equal(sample.x[:, 0], 1)
    np.testing.assert_allclose(sample.x[:, 1:].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(sample.x[:, 1:].std(axis=0), 1)
    assert np.corrcoef(sample.x[:, 1], table["size"])[0, 1] == pytest.approx(1)
    np.testing.assert_array_equal(sample.y, table["kind"] == "low")


def test_features_stay_as_they_are_if_asked():
    sample = rows(columns=("size",), target="growth", scaled=False)
    table = pd.read_csv(EXAMPLE)
    np.testing.assert_array_equal(sample.x[:, 0], table["size"])
    np.testing.assert_array_equal(sample.y, table["growth"])


def test_target_is_scaled_if_asked():
    sample, own = (
        rows(columns=("size",), target="growth", scaled_target=asked) for asked in (True, False)
    )
    assert sample.y.mean() == pytest.approx(0, abs=1e-12) and sample.y.std() == pytest.approx(1)
    assert np.corrcoef(sample.y, own.y)[0, 1] == pytest.approx(1)


def test_classes_are_not_scaled():
    with pytest.raises(ValueError, match="scaled_target is for numbers"):
        rows(columns=("size",), classes=True, scaled_target=True)


def test_changed_file_is_read_anew(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("y,x\n1,2\n3,4\n", encoding="utf-8")
    own = Table(path=str(path), target="y")
    assert own.entries == 2
    path.write_text("y,x,z\n1,2,5\n3,4,6\n", encoding="utf-8")
    assert own.shape == 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"target": "kid"}, "did you mean 'kind'"),
        ({"columns": ("size",)}, "column kind: is text .*set classes: true"),
        ({"columns": ("site",)}, "column site: is text"),
        ({"path": "lost.csv"}, "lost.csv: cannot be read"),
    ],
)
def test_table_that_cannot_be_used_is_told_in_one_line(changes, said):
    with pytest.raises(DataError, match=said):
        rows(**changes)


def run(folder, *options):
    ended = subprocess.run(
        [*SNAKEMAKE, *options], cwd=folder, env=environment(), capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def test_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(SystemExit, match="holds something already: name a new folder"):
        main(["init", str(tmp_path)])
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.slow
def test_project_runs_and_a_changed_table_reruns_what_it_touches(tmp_path):
    main(["init", str(tmp_path / "mine")])
    run(tmp_path / "mine")
    summary = tmp_path / "mine/results/summaries/growth.csv"
    losses = pd.read_csv(summary).query("fitter == 'em' and metric == 'loss'")["mean"]
    assert len(losses) == 101
    assert losses.iloc[-1] < losses.iloc[0]
    ends = pd.read_csv(tmp_path / "mine/results/tables/parameters.csv")
    assert len(ends) == 2 * 5 * 14  # fitters, starts, gate and experts of three features
    assert "Nothing to be done" in run(tmp_path / "mine", "-n")
    table = tmp_path / "mine" / "data.csv"
    table.write_text(table.read_text(encoding="utf-8")[:-1], encoding="utf-8")
    assert "fits_growth" in run(tmp_path / "mine", "-n")


@pytest.mark.slow
def test_workflow_is_a_module_of_another(tmp_path):
    main(["init", str(tmp_path / "mine")])
    (tmp_path / "mine" / "Snakefile").write_text(MODULE, encoding="utf-8")
    assert "emmoe_fits_growth" in run(tmp_path / "mine", "-n")
