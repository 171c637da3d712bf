"""Where runs end is kept under comparable labels, and shown for any model."""

import numpy as np
import pandas as pd
import pytest

from emmoe.figures import parameters as figure
from emmoe.fitters.em import EM
from emmoe.lab.fit import Run
from emmoe.measures.analyses import parameters
from emmoe.models.logistic_experts import LogisticExperts
from emmoe.models.mixture_of_experts import MixtureOfExperts
from emmoe.models.symmetric_linear import SymmetricLinear
from emmoe.store.errors import DataError
from emmoe.tables import parameters as table


def ended(model, theta, truth=None):
    """A run that stays where it begins."""
    return Run(model, EM(), truth, np.array([theta]), "max_iterations")


@pytest.mark.parametrize("model", [MixtureOfExperts, SymmetricLinear])
def test_all_labellings_of_an_end_are_kept_as_one(model):
    bound, truth, _ = model.example()
    members = bound.orbit(truth)
    kept = [parameters.analyse(ended(bound, member))["parameters"] for member in members]
    assert len(kept) > 1
    np.testing.assert_allclose(kept, np.broadcast_to(kept[0], np.shape(kept)), atol=1e-12)
    assert any(np.allclose(kept[0], member) for member in members)


def test_end_is_labelled_as_the_truth():
    bound, truth, _ = MixtureOfExperts.example()
    near = [member + 1e-3 for member in bound.orbit(truth)]
    for end in near:
        kept = parameters.analyse(ended(bound, end, truth))["parameters"]
        np.testing.assert_allclose(kept, truth, atol=5e-3)


def test_replicates_that_run_as_one_are_refused_with_what_to_do():
    bound, truth, start = LogisticExperts.example()
    found = parameters.analyse(ended(bound, start[None], truth))
    sizes = [int(part.split()[1]) for part in found["parameter_blocks"].split(", ")]
    assert sum(sizes) == len(found["parameters"]) == start.size
    with pytest.raises(DataError, match="set replicates_per_block: 1"):
        parameters.analyse(ended(bound, np.stack([start, start]), truth))


@pytest.fixture
def runs():
    """Two fitters' runs: EM ends twice at one optimum, once elsewhere, once at infinity."""
    ends = {0: (1.0, [1.0, 2, 3]), 1: (1.0, [1.0, 2, 3]), 2: (2.0, [-1.0, 0, 4])}
    rows = [
        {"fitter": name, "replicate": r, "loss": loss, "parameters": theta, "status": "converged"}
        for name in ("em", "gd")
        for r, (loss, theta) in ends.items()
    ]
    far = {"fitter": "em", "replicate": 3, "loss": 0.5, "parameters": [1e9, 0, 0]}
    rows += [far | {"status": "separable"}]
    kept = pd.DataFrame(rows).assign(cell="all", parameter_blocks="gate 1, experts 2")
    skipped = {"cell": "all", "fitter": "em", "replicate": 4, "status": "skipped"}
    return pd.concat([kept, pd.DataFrame([skipped])], ignore_index=True)


def test_table_has_a_row_for_each_run_and_entry(runs):
    found = table.build(runs=runs, curves={})
    assert len(found) == 7 * 3
    first = found.query("fitter == 'em' and replicate == 0")
    assert list(zip(first["block"], first["entry"], first["value"], strict=True)) == [
        ("gate", 0, 1.0), ("experts", 0, 2.0), ("experts", 1, 3.0),
    ]  # fmt: skip
    assert set(table.build(runs=runs, curves={"gd": "GD"})["fitter"]) == {"gd"}
    with pytest.raises(DataError, match="no run of the fitters adam"):
        table.build(runs=runs, curves={"adam": "Adam"})


def test_figure_fills_the_best_runs_and_counts_what_it_leaves_out(runs):
    drawn = figure.draw(runs=runs, curves={})
    said = drawn.get_suptitle().replace("\n", " ")
    assert "4 of 6 runs end within 0.001 nats of the least loss, 1.0000 (filled); 1 with" in said
    assert [axes.get_xlabel() for axes in drawn.axes] == ["entry of gate", "entry of experts"]
    marks = [line for line in drawn.axes[0].get_lines() if line.get_marker() != "None"]
    filled = [mark for mark in marks if mark.get_markerfacecolor() != "none"]
    assert sorted(len(mark.get_xdata()) for mark in filled) == [2, 2]
    assert max(np.max(mark.get_ydata()) for mark in marks) == 1.0


def test_figure_of_runs_without_a_finite_end_is_refused(runs):
    with pytest.raises(DataError, match="none has a finite end"):
        figure.draw(runs=runs[runs["status"] == "separable"], curves={})
