"""Probes and the analysis for F2, against what they are defined by."""

import numpy as np
import pytest
from records import experiment, fitter, model, record
from sklearn.linear_model import LogisticRegression

from emmoe.lab.fit import Run
from emmoe.lab.probe import Probed, run_probe
from emmoe.lab.scene import scenes
from emmoe.measures.analyses import true_gate
from emmoe.measures.probes import baselines, fisher, inversion
from emmoe.models.regression import Sample
from emmoe.record import cells, plan
from emmoe.store.errors import DataError

FITTERS = {
    "gd": fitter("gradient_descent", step=0.3),
    "one": fitter("gradient_em", step=0.3, inner_steps=1),
    "two": fitter("gradient_em", step=0.3, inner_steps=2),
}
DIGITS = {
    "model": {"name": "logistic_experts"},
    "data": {"name": "random_invert_digits", "test_size": 1200},
    "start": {"name": "gaussian", "variance": 0.015625},
    "replicates": 2,
    "replicates_per_block": 2,
    "iterations": 4,
    "fitters": {"gd": {"algorithm": "gradient_descent", "step": 0.3}},
}


@pytest.fixture(scope="module")
def digits_scene():
    """The digits' first replicate, as its fitters meet it."""
    own = experiment(DIGITS)
    scene = next(scenes(own.seed, own.model, own.start, cells.grid(own).first(), [0], {}))
    return Probed(scene.bind(), scene.start, FITTERS, 4)


def synthetic_scene():
    rng = np.random.default_rng(1)
    x, truth = rng.standard_normal((200, 3)), rng.standard_normal(6)
    own = model("symmetric_linear")
    own = own.bind(Sample(x, own.simulate(x, truth, rng)))
    return Probed(own, truth + 0.3, FITTERS, 4), truth


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
    y = np.array([0, 1, 0, 1])
    own = model("logistic_experts", classes=2).bind(
        Sample(x, y, signs, test=Sample(x[:1], y[:1], signs[:, :1]))
    )
    plain = {"gd": fitter("gradient_descent", step=0.1)}
    start = np.array([[3.0, 4.0, 0.0, 0.0, *np.zeros(8)]])
    row = inversion.measure(Probed(own, start, plain, 0), fitter="gd").iloc[0]
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


def test_probe_has_the_seed_of_its_experiment():
    probe = {"measure": "fisher", "experiment": "x", "options": {"one": "gd", "two": "gd"}}
    probe |= {"fitters": {"gd": {"algorithm": "gradient_em", "step": 0.3}}, "iterations": 1}
    probe["options"]["reference"] = "gd"
    tables = []
    for seed in (3, 4):
        own = record(experiments={"x": DIGITS | {"seed": seed}}, probes={"p": probe})
        tables.append(run_probe(plan.probe_task(own, "p"), {}))
    assert tables[0]["gradient_norm"][0] != tables[1]["gradient_norm"][0]


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


@pytest.mark.parametrize("change", [{"slope": "1"}, {"more": 1.0}])
def test_table_of_other_columns_than_declared_is_refused(change, monkeypatch):
    probe = {"measure": "fisher", "experiment": "x", "options": {"one": "gd", "two": "gd"}}
    probe |= {"fitters": {"gd": {"algorithm": "gradient_em", "step": 0.3}}, "iterations": 1}
    probe["options"]["reference"] = "gd"
    own, measure = record(experiments={"x": DIGITS}, probes={"p": probe}), fisher.measure
    monkeypatch.setattr(
        fisher, "measure", lambda *a, **options: measure(*a, **options).assign(**change)
    )
    with pytest.raises(DataError, match="probe fisher: its table has other columns"):
        run_probe(plan.probe_task(own, "p"), {})
