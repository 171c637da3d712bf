"""The figures of a fit show what the fit says."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from emmoe import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor, plot, select_n_experts


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"size": rng.uniform(-1, 1, 150), "age": rng.uniform(20, 60, 150)})
    steep = rng.random(150) < 1 / (1 + np.exp(-3 * frame["size"]))
    return frame, np.where(steep, 3, -1) * frame["size"] + 0.1 * rng.standard_normal(150)


@pytest.fixture(scope="module")
def model(data):
    return MixtureOfExpertsRegressor(n_init=4).fit(*data)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def lines(ax):
    return {line.get_label(): line.get_xydata() for line in ax.get_lines()}


def test_fit_draws_the_mean_at_the_other_columns_medians(model, data):
    ax = plot.fit(model, *data, "size")
    x, y = lines(ax)["mean"].T
    rows = pd.DataFrame({"size": x, "age": data[0]["age"].median()})
    np.testing.assert_allclose(y, model.predict(rows))
    assert ax.get_xlabel() == "size"
    assert len(ax.collections[1].get_offsets()) == len(data[1])


def test_gate_draws_each_expert_s_probability(model, data):
    shares = [own[:, 1] for name, own in lines(plot.gate(model, data[0], 0)).items() if "e" in name]
    np.testing.assert_allclose(sum(shares), 1)


def test_coefficients_are_the_summary_s_slopes(model):
    ax = plot.coefficients(model, level=0.5)
    table = model.summary(level=0.5).query("feature in ('size', 'age')")
    ends = np.array([line.get_xdata() for line in ax.get_lines()[:-1:2]])
    np.testing.assert_allclose(ends, table[["low", "high"]])
    assert len(ax.get_yticklabels()) == len(table)


def test_optima_has_a_mark_for_each_start(model):
    marks = np.vstack([part.get_offsets() for part in plot.optima(model).collections])
    assert sorted(marks[:, 0]) == [1, 2, 3, 4]
    assert marks[:, 1].min() == 0


def test_residuals_are_standardised_by_their_expert(model, data):
    drawn = lines(plot.residuals(model, *data))
    both = np.concatenate([drawn["expert 1"], drawn["expert 2"]])[:, 1]
    assert len(both) == len(data[1])
    assert abs(both.std() - 1) < 0.1


def test_criterion_leaves_out_penalised_fits(data):
    table, _ = select_n_experts(MixtureOfExpertsRegressor(n_init=2), *data, range(1, 3))
    table.loc[0, "bic"] = np.nan
    assert len(plot.criterion(table).get_lines()[0].get_xydata()) == 1


def test_figures_are_drawn_on_given_axes(model, data):
    _, ax = plt.subplots()
    assert plot.gate(model, data[0], "age", ax=ax) is ax


def test_what_cannot_be_drawn_is_refused_in_one_line(model, data):
    with pytest.raises(ValueError, match="no column named 'siz': did you mean 'size'"):
        plot.gate(model, data[0], "siz")
    labels = MixtureOfExpertsClassifier(n_experts=1).fit(data[0], data[1] > 0)
    with pytest.raises(ValueError, match=r"plot\.fit needs a regressor"):
        plot.fit(labels, *data)
