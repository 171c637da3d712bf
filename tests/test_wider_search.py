"""The wider search for Figure 3: what it simulates, and what its brackets leave."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml
from msgspec import structs
from records import family
from workflow_helpers import ROOT

from emmoe.calibration import fashion_mnist, halving, spreads, wider
from emmoe.calibration.bands import bands, settings_table
from emmoe.calibration.family import families
from emmoe.calibration.penalised import Penalised, first, with_intercept
from emmoe.calibration.readings import CALIBRATION, HELD_OUT, curves
from emmoe.calibration.report import jointly, text
from emmoe.calibration.score import Plan
from emmoe.calibration.search import counts
from emmoe.calibration.simulate import simulate
from emmoe.calibration.wider import CROSS_ENTROPIES
from emmoe.evidence.statistics import curve_test
from emmoe.models.regression import Sample
from emmoe.record.entries import Component
from emmoe.record.read import check, expanded, load
from emmoe.record.searches import Stage
from emmoe.store.errors import ConfigError

FILES = [ROOT / "config.yaml", ROOT / "studies" / "wider_search.yaml"]
REPORTED = pd.read_csv(ROOT / "data" / "reported" / "claims.csv")
STEPS = {"draws": 2, "inner_steps": [2, 3], "reach": [0.1, 1.0], "gate_ratio": [0.5, 2.0]}
RUNGS = [
    {"images": 300, "replicates": 2, "iterations": 1, "points": 2, "settings": 1},
    {"images": 600, "replicates": 2, "iterations": 2, "points": 1, "settings": 1},
]
CHOICES = {
    "train_size": [400, 800], "start_variance": [0.01, 0.1], "ridge": [0, 0.1],
    "intercept": [False, True],
}  # fmt: skip
HALVING = {
    "points": 4, "bracket": 4, "choices": CHOICES, "rungs": RUNGS,
    "steps": {"em": STEPS, "one_step": STEPS | {"inner_steps": [1]}},
}  # fmt: skip
SEARCH = {
    "figures": ["figure_3"], "calibration": {"figure_3": [0, 1, 2]}, "instances": 25,
    "stages": [{"replicates": 3, "iterations": 5}], "halving": HALVING,
}  # fmt: skip


@pytest.fixture(scope="module")
def own():
    """The search at toy size, on data that need no download."""
    data = Component("random_invert_digits", {"test_size": 500})
    base = structs.replace(load(FILES[0]).experiments["digits"], data=data)
    return family(base, SEARCH, "fashion_mnist_wider")


@pytest.fixture(scope="module")
def searched(own):
    read = curves(REPORTED, own)
    plan = Plan(own.level, own.search.passes, own.search.stages, own.seed)
    return halving.search(wider.points(own), own, read, plan, {})


def example(ridge=0.0, n=40, d=3, replicates=2):
    """A bound model on inverted images, a start (R, p)."""
    rng = np.random.default_rng(5)
    signs = 1 - 2 * rng.integers(0, 2, (replicates, n))
    sample = Sample(rng.random((n, d)), rng.integers(0, 4, n), signs)
    model = Penalised(experts=2, classes=4, ridge=ridge).bind(sample)
    return model, rng.standard_normal((replicates, 2 * d + 8 * d))


def test_ridge_is_in_the_gradients_and_not_in_the_loss():
    model, theta = example(ridge=0.3)
    plain = example()[0]
    loss, gradient, statistic = model.e_step(theta)
    assert loss == pytest.approx(plain.loss(theta), rel=1e-12)

    def penalised(t):
        return plain.loss(t) + 0.15 * (t**2).sum(axis=1)

    change = 1e-6 * np.random.default_rng(1).standard_normal(theta.shape)
    slope = (penalised(theta + change) - penalised(theta - change)) / 2
    assert (gradient * change).sum(axis=1) == pytest.approx(slope, rel=1e-6)
    assert model.q_gradient(theta, statistic) == pytest.approx(gradient, rel=1e-9)


def test_cross_entropies_are_those_of_their_definitions():
    model, theta = example()
    found = {**model.measures(theta), "mixture": model.loss(theta)}
    assert set(found) == set(CROSS_ENTROPIES)
    for r, weights in enumerate(theta.reshape(2, 10, 3)):
        terms = {name: [] for name in CROSS_ENTROPIES}
        for x, y, sign in zip(model.sample.x, model.sample.y, model.sample.signs[r], strict=True):
            logits = weights @ (x if sign > 0 else 1 - x)
            gate = np.exp(logits[:2]) / np.exp(logits[:2]).sum()
            own = [np.exp(z[y]) / np.exp(z).sum() for z in (logits[2:6], logits[6:])]
            joint = gate * own
            terms["mixture"].append(-np.log(joint.sum()))
            terms["complete_data"].append(-(joint / joint.sum() * np.log(joint)).sum())
            terms["top_expert"].append(-np.log(own[gate.argmax()]))
            terms["average_expert"].append(-np.log(own).mean())
        for name, values in terms.items():
            assert found[name][r] == pytest.approx(np.mean(values), rel=1e-10)


def test_four_pixels_of_a_half_are_an_intercept():
    """Descent on them moves all other weights, and the intercept, as a column of ones does."""
    model, _ = example(replicates=1)
    sample = model.sample
    halves = Penalised(experts=2, classes=4, ridge=0.2).bind(with_intercept(sample))
    images = np.where(sample.signs[0][:, None] > 0, sample.x, 1 - sample.x)
    ones = np.concatenate([images, np.ones((len(images), 1))], axis=1)
    explicit = Penalised(experts=2, classes=4, ridge=0.2).bind(Sample(ones, sample.y))
    theta = np.random.default_rng(2).standard_normal((1, 10, 7))
    theta[:, :, 4:] = theta[:, :, 3:4]  # along (1/2, 1/2, 1/2, 1/2): elsewhere they do not act
    other = np.concatenate([theta[:, :, :3], theta[:, :, 3:].sum(axis=2, keepdims=True) / 2], 2)
    for _ in range(5):
        theta = theta - 0.3 * halves.e_step(theta.reshape(1, -1))[1].reshape(theta.shape)
        other = other - 0.3 * explicit.e_step(other.reshape(1, -1))[1].reshape(other.shape)
    assert theta[:, :, :3] == pytest.approx(other[:, :, :3], rel=1e-10)
    assert theta[:, :, 3:].sum(axis=2) / 2 == pytest.approx(other[:, :, 3], rel=1e-10)


def test_first_images_keep_their_inversions():
    sample = first(example()[0].sample, 7)
    assert sample.x.shape == (7, 3) and sample.signs.shape == (2, 7) and len(sample.y) == 7


def test_without_ridge_and_intercept_it_is_the_narrow_searchs_simulation(own):
    setting = wider.points(own)[0][0]
    variance = own.base.start.settings["variance"]
    plain = {"train_size": 10**6, "start_variance": variance, "ridge": 0.0, "intercept": False}
    setting = replace(setting, parameters={**setting.parameters, **plain})
    narrow = fashion_mnist._setting(
        {"em": "x"}, setting.parameters["inner_steps"], setting.parameters["step_experts"],
        setting.parameters["step_gate"] / setting.parameters["step_experts"], own.base,
    )  # fmt: skip
    read = wider.images(own.base, 3, {})
    found = wider.simulate(setting, 3, 2, 4, read, kept=range(5))
    wanted = simulate(narrow, 3, 2, 4, {})
    for name in ("loss", "test_accuracy"):
        assert found[name] == pytest.approx(wanted[name], rel=1e-9)


def test_only_the_iterations_kept_are_measured(own):
    read = wider.images(own.base, 3, {})
    values = wider.simulate(wider.points(own)[0][0], 3, 2, 4, read, kept={0, 3})
    for found in values.values():
        assert (np.isfinite(found).all(axis=0) == [True, False, False, True, True]).all()


def test_points_are_balanced_and_their_steps_in_the_ranges(own):
    drawn = wider.points(own)
    names = [name for point in drawn for s in point for name in s.names.values()]
    assert len(set(names)) == len(names) == 4 * (2 + 2 * 2)
    for point in drawn:
        assert len({tuple(s.parameters[name] for name in wider.DATA) for s in point}) == 1
        for setting in point:
            reach = setting.parameters["inner_steps"] * setting.parameters["step_experts"]
            ratio = setting.parameters["step_gate"] / setting.parameters["step_experts"]
            assert 0.099 < reach < 1.001 and 0.499 < ratio < 2.001
    assert wider._balanced((1, 2, 3), 6, np.random.default_rng(0)).count(2) == 2


def tried(setting, **distances):
    """A setting with distances by algorithm, under one cross entropy; others are far off."""
    far = {(a, name): 99.0 for a in distances for name in CROSS_ENTROPIES}
    return halving.Tried(setting, {}, far | {(a, "top_expert"): d for a, d in distances.items()})


def test_a_data_point_is_as_far_off_as_the_algorithm_that_it_gives_worst():
    groups = [
        [tried("a", em=1.0), tried("b", gradient_descent=9.0)],
        [tried("c", em=7.0), tried("d", em=4.0), tried("e", gradient_descent=5.0)],
        [tried("f", em=6.0), tried("g", gradient_descent=np.inf)],
    ]
    rung = structs.replace(family(None, SEARCH).search.halving.rungs[0], points=2)
    left = halving.nearest(groups, rung)
    assert [[t.setting for t in group] for group in left] == [["d", "e"], ["a", "b"]]


def test_distance_is_the_tests_statistic_where_the_reported_scatter_is_ours(own):
    curve = next(c for c in curves(REPORTED, own) if c.name == "figure_3a_em")
    readings = curve.part(CALIBRATION)
    rng = np.random.default_rng(3)
    values = np.full((6, 3), np.nan)
    values[:, readings["iteration"]] = rng.normal(readings["reported"], 0.1, (6, 3))
    at = values[:, readings["iteration"]]
    same = replace(curve, readings=curve.readings.assign(spread=np.nan))
    wanted = curve_test(
        at, readings["reported"], np.full(3, np.nan), readings["uncertainty"], 25, rng=rng
    )
    assert halving.distance(same, values) == pytest.approx(wanted.statistic)
    assert halving.distance(curve, np.where(values > 0, np.inf, values)) == np.inf


def test_a_bracket_leaves_one_point_with_all_algorithms_and_scores_every_setting(own, searched):
    drawn = {n for point in wider.points(own) for s in point for n in s.names.values()}
    scored = {name for outcome in searched for name in outcome.setting.names.values()}
    assert scored == {f"{name}-{entropy}" for name in drawn for entropy in CROSS_ENTROPIES}
    finished = [outcome for outcome in searched if outcome.predictions]
    algorithms = {a for outcome in finished for a in outcome.setting.names}
    assert algorithms == {"em", "gradient_em", "gradient_descent"}
    shared = {tuple(o.setting.parameters[name] for name in wider.DATA) for o in finished}
    assert len(shared) == 1
    for outcome in searched:
        parts = {score["part"] for score in outcome.scores}
        assert parts == ({CALIBRATION, HELD_OUT} if outcome.predictions else {CALIBRATION})
        assert outcome.predictions or not any(outcome.accepted.values())


def test_cross_entropies_of_a_setting_differ_in_their_loss_alone(searched):
    finished = [outcome for outcome in searched if outcome.predictions]
    table = pd.DataFrame([row for outcome in finished for row in outcome.predictions])
    table[["draw", "entropy"]] = table["setting"].str.rsplit("-", n=1, expand=True)
    by = table.groupby(["draw", "curve_id", "metric", "iteration"])["mean"].nunique()
    differing = by.groupby("metric").max()
    assert differing["test_accuracy"] == 1 and differing["loss"] == len(CROSS_ENTROPIES)


def test_a_row_of_the_settings_is_simulated_again(own, searched, tmp_path):
    rows = [row for outcome in searched for row in outcome.rows(own.name)]
    settings_table(rows).to_csv(tmp_path / "s.csv", index=False)
    table = pd.read_csv(tmp_path / "s.csv").set_index("setting", drop=False)
    outcome = searched[-1]
    (algorithm, name), *_ = outcome.setting.names.items()
    again = wider.searched(table.loc[name].to_dict(), own.base)
    assert again.names == {algorithm: name}
    assert dict(again.parameters) == dict(outcome.setting.parameters)
    assert again.cross_entropy == outcome.setting.cross_entropy
    assert again.fitter == outcome.setting.fitter


def test_jointly_shows_the_nearest_point_by_its_worst_algorithm():
    data = {"family": "x", "train_size": 1, "start_variance": 1.0, "ridge": 0.0}
    table, scores = [], []
    for entropy, ratios in (("mixture", {"em": 3.0, "gd": 0.5}), ("top", {"em": 2.0, "gd": 1.0})):
        for algorithm, ratio in ratios.items():
            name = f"{algorithm}-{entropy}"
            own = data | {"setting": name, "algorithm": algorithm, "intercept": 0}
            table.append(own | {"cross_entropy": entropy, "accepted": False})
            score = {"setting": name, "curve_id": "a", "part": CALIBRATION, "critical": 2.0}
            scores += [score | {"statistic": s} for s in (2 * ratio, ratio)]
            scores += [score | {"part": HELD_OUT, "statistic": 99.0}]
    found = jointly(settings_table(table), pd.DataFrame(scores))
    assert list(found["cross_entropy"]) == ["top", "mixture"]
    assert list(found["worst"]) == [2.0, 3.0] and list(found["gd"]) == [1.0, 0.5]


def test_the_page_tells_what_was_searched_and_what_is_nearest(own, searched):
    scores, predicted = tables_of(searched)
    settings = settings_table([row for outcome in searched for row in outcome.rows(own.name)])
    read = curves(REPORTED, own)
    scores = spreads.checked(scores, predicted, read)
    settings["accepted"] = spreads.accepted(settings, scores)
    found = bands(settings, scores, predicted, read)
    page = text({own.name: own}, settings, scores, predicted, found)
    assert "2 instances to iteration 2; 3 instances to iteration 5." in page
    assert "### Nearest, all algorithms and curves at once" in page
    _, _, table = page.partition("All at most 1")
    assert sum(name in table for name in CROSS_ENTROPIES) == len(CROSS_ENTROPIES)


def tables_of(searched):
    """scores.csv before the check of spreads, and predictions."""
    scores = [score for outcome in searched for score in outcome.scores]
    predicted = [row for outcome in searched for row in outcome.predictions]
    return pd.DataFrame(scores), pd.DataFrame(predicted)


def test_as_many_settings_are_declared_as_the_docs_say():
    found = families(load(FILES))["fashion_mnist_wider"]
    drawn = wider.points(found)
    of_em = [s for point in drawn for s in point if "em" in s.names]
    assert len(of_em) >= 256 and sum(map(len, drawn)) - len(of_em) >= 128
    assert {s.parameters["train_size"] for s in of_em} == {2000, 10000, 60000}
    assert counts(found) == {"brackets": 8}
    assert isinstance(found.search.stages[-1], Stage)


MISTAKES = [
    ("halving.rungs.0.points", 9, "9 is more than 8"),
    ("halving.points", 10**6, "more than 100000"),
    ("halving.steps.em.reach", [2.0, 1.0], "2.0 is not less than 1.0"),
    ("halving.choices.train_size", [70000], "70000 is more than the 60000"),
    ("halving.choices.ridge", [-1.0], "ridge"),
]


@pytest.mark.parametrize(("path", "value", "said"), MISTAKES)
def test_a_mistake_in_the_wider_search_is_one_line_naming_the_setting(path, value, said):
    content = yaml.safe_load(expanded(FILES))
    *keys, last = path.split(".")
    node = content["calibration"]["fashion_mnist_wider"]
    for key in keys:
        node = node[int(key) if key.isdigit() else key]
    node[last] = value
    with pytest.raises(ConfigError) as caught:
        check(content)
    message = str(caught.value)
    assert message.startswith("calibration.fashion_mnist_wider.halving") and said in message
    assert len(message.splitlines()) == 1
