"""Probes and the analysis for F2, against what they are defined by."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from emmoe.lab.fit import Run
from emmoe.lab.scene import Scene, scene
from emmoe.measures.analyses import true_gate
from emmoe.measures.probes import baselines, fisher, inversion
from emmoe.models.regression import Sample
from emmoe.record.components import build_fitter, build_model

STEPS = {"algorithm": "gradient_em", "step": 0.3}
FITTERS = {
    "gd": {"algorithm": "gradient_descent", "step": 0.3},
    "one": STEPS | {"inner_steps": 1},
    "two": STEPS | {"inner_steps": 2},
}
TASK = {
    "seed": 7,
    "model": {"name": "logistic_experts"},
    "cells": [{"data": {"name": "random_invert_digits", "test_size": 1200}, "key": "k"}],
    "measure": "fisher",
    "fitters": FITTERS,
    "iterations": 4,
    "options": {},
}


@pytest.fixture(scope="module")
def digits_scene():
    """The digits' scene, from starts of two replicates of which it takes the first."""
    start = np.random.default_rng(0).normal(size=(1, 2, 22 * 64)) / 8
    return scene(TASK, {"start": start}, {})


def synthetic_scene():
    rng = np.random.default_rng(1)
    x, truth = rng.standard_normal((200, 3)), rng.standard_normal(6)
    model = build_model({"name": "symmetric_linear"})
    model = model.bind(Sample(x, model.simulate(x, truth, rng)))
    fitters = {name: build_fitter(settings) for name, settings in FITTERS.items()}
    return Scene(model, truth + 0.3, fitters, 4), truth


@pytest.mark.parametrize("which", ["linear", "images"])
def test_fisher_finds_the_same_run_for_one_inner_step_alone(which, digits_scene):
    on = synthetic_scene()[0] if which == "linear" else digits_scene
    table = fisher.measure(on, one="one", two="two", reference="gd")
    assert list(table["iteration"]) == [0, 1, 2, 3, 4]
    assert table["difference_one"].max() <= 1e-14
    assert table["identity"].max() <= 1e-12
    assert table["slope"].max() <= 1e-6
    assert table["difference_two"].iloc[1:].min() > 1e-3


def test_fisher_tells_a_wrong_gradient_of_q(digits_scene, monkeypatch):
    wrong = type(digits_scene.model).q_gradient
    monkeypatch.setattr(
        type(digits_scene.model), "q_gradient", lambda *given: 1.001 * wrong(*given)
    )
    table = fisher.measure(digits_scene, one="one", two="two", reference="gd")
    assert table["identity"].min() == pytest.approx(1e-3, rel=1e-6)
    assert table["slope"].min() == pytest.approx(1e-3, rel=1e-2)


def test_inversion_counts_the_pixels_that_mislead():
    x = np.array([[0.0, 0.3], [0.9, 0.3], [0.2, 0.1], [0.6, 0.9]])  # the second and last mislead
    signs = np.array([[1, 1, -1, -1]])
    model = build_model({"name": "logistic_experts", "classes": 2})
    y = np.array([0, 1, 0, 1])
    model = model.bind(Sample(x, y, signs, test=Sample(x[:1], y[:1], signs[:, :1])))
    fitter = build_fitter({"algorithm": "gradient_descent", "step": 0.1})
    start = np.array([[3.0, 4.0, 0.0, 0.0, *np.zeros(8)]])
    row = inversion.measure(Scene(model, start, {"gd": fitter}, 0), fitter="gd").iloc[0]
    assert (row["train_errors"], row["train_images"]) == (2, 4)
    assert (row["test_errors"], row["test_images"]) == (0, 1)
    assert row["gate_norm"] == 5.0
    assert row["gate_accuracy"] == 0.5  # the gate's logit is positive for every image


def test_baselines_are_the_models_fitted_one_by_one(digits_scene):
    table = baselines.measure(digits_scene, train_size=400, iterations=500).set_index("baseline")
    train, test = digits_scene.model.sample, digits_scene.model.sample.test
    sets = [np.where(s.signs[0][:, None] > 0, s.x, 1 - s.x) for s in (train, test)]
    plain = LogisticRegression(max_iter=500).fit(train.x[:400], train.y[:400])
    mixed = LogisticRegression(max_iter=500).fit(sets[0][:400], train.y[:400])
    assert table.loc["original images", "accuracy"] == plain.score(test.x, test.y)
    assert table.loc["Random Invert", "accuracy"] == mixed.score(sets[1], test.y)
    rows = [s.signs[0] < 0 for s in (train, test)]
    rows[0][400:] = False
    half = LogisticRegression(max_iter=500).fit(sets[0][rows[0]], train.y[rows[0]])
    hits = half.score(sets[1][rows[1]], test.y[rows[1]]) * rows[1].sum()
    oracle = table.loc["oracle pair", "accuracy"] * len(test.y)
    assert hits <= oracle + 1e-9 <= hits + (~rows[1]).sum() + 1e-6
    assert table.loc["oracle pair", "accuracy"] > 2 * table.loc["Random Invert", "accuracy"]
    assert not table["cut_short"].any()
    assert baselines.measure(digits_scene, train_size=400, iterations=2)["cut_short"].all()


def test_scene_is_what_the_first_replicate_meets(digits_scene):
    assert digits_scene.start.shape == (1, 22 * 64)
    assert digits_scene.model.sample.signs.shape == (1, 597)


def test_true_gate_puts_the_truth_in_the_gates_place():
    on, truth = synthetic_scene()
    thetas = np.array([-truth, np.concatenate([truth[:3] + 1, truth[3:] - 2])])
    run = Run(on.model, on.fitters["gd"], truth, thetas, "max_iterations")
    (losses,) = true_gate.analyse(run).values()
    moved = on.model.loss(np.concatenate([truth[:3] + 1, truth[3:]])) - on.model.loss(truth)
    assert losses[0] == pytest.approx(0, abs=1e-15)  # -theta* is theta* by symmetry
    assert losses[1] == pytest.approx(moved)
    assert np.isnan(true_gate.analyse(Run(on.model, run.fitter, None, thetas, "x"))[
        "excess_loss_true_gate"
    ])  # fmt: skip
