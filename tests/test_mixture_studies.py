"""Probes, tables and figures of the study of mixtures, against references and closed forms."""

import mixture_cases
import numpy as np
import pandas as pd
import pytest
from msgspec.structs import replace
from scipy.stats import kstest, norm
from scipy.stats import t as t_law
from workflow_helpers import ROOT

from emmoe.datasets.scikit_learn_table import ScikitLearnTable
from emmoe.figures import mixture_basins as basins_figure
from emmoe.figures import mixture_choice as choice_figure
from emmoe.figures import mixture_fits
from emmoe.lab.probe import run_probe
from emmoe.lab.scene import scenes
from emmoe.measures.probes import mixture_coverage
from emmoe.mixture import Problem, fit, predict
from emmoe.mixture.choice import _parts
from emmoe.record import cells, plan
from emmoe.record.read import load
from emmoe.store.errors import DataError
from emmoe.tables import mixture_basins, mixture_choice, mixture_maxima, mixture_success
from emmoe.tables import mixture_coverage as mixture_table

RECORD = load([ROOT / "config.yaml"])


@pytest.fixture(autouse=True)
def in_the_checkout(monkeypatch):
    """The record's tables are named from the checkout."""
    monkeypatch.chdir(ROOT)


def probed(name, **options):
    """The table of a probe of the record, with other options."""
    task = plan.probe_task(RECORD, name)
    return run_probe(replace(task, options={**task.options, **options}), {})


def sample(name):
    """The sample of an experiment of the record."""
    own = RECORD.experiments[name]
    return next(scenes(0, own.model, own.start, cells.grid(own).first(), [0], {})).sample


@pytest.mark.parametrize("name", mixture_cases.CASES)
def test_seeded_samples_are_those_of_the_references(name):
    x, y = mixture_cases.draw(mixture_cases.CASES[name])
    own = sample(f"mixture_seeded_{name}")
    np.testing.assert_array_equal(own.x, x)
    np.testing.assert_allclose(own.y, y, rtol=1e-12, atol=1e-12)
    assert y.sum() == pytest.approx(mixture_cases.CASES[name].total, rel=1e-10)


def test_scikit_learn_tables_have_the_columns_asked_for():
    own = ScikitLearnTable("wine", columns=("hue", "alcohol"))
    _, found = next(own.samples(None, [None], [None], None, {}))
    assert found.x.shape == (178, 2) and set(found.y) == {0, 1, 2}
    assert ScikitLearnTable("diabetes").shape == 10
    with pytest.raises(ValueError, match="iris has no column 'petal': known are"):
        ScikitLearnTable("iris", columns=("petal",))
    with pytest.raises(ValueError, match="no 'irs': did you mean 'iris'"):
        ScikitLearnTable("irs")


def test_choice_reports_the_known_maxima_and_their_criteria():
    table = probed("choice_ethanol", experts=[1, 2], starts=4, folds=4, seed=3).set_index("experts")
    assert list(table["status"]) == ["maximum"] * 2
    np.testing.assert_allclose(table["log_likelihood"], [16.168002, 123.620591], atol=1e-6)
    assert table["bic"][2] == pytest.approx(-211.422, abs=1e-3)
    assert table["aic"][2] == pytest.approx(2 * 8 - 2 * 123.620591, abs=1e-5)
    assert (table["hits"][2], table["starts"][2]) == (4, 4)
    own = sample("mixture_ethanol")
    full = np.column_stack([np.ones(len(own.x)), own.x])
    density = np.empty(len(own.y))
    for part in _parts(len(own.y), 4, 3):  # of one expert: least squares on the other folds
        rest = np.setdiff1d(np.arange(len(own.y)), part)
        beta = np.linalg.lstsq(full[rest], own.y[rest])[0]
        deviation = np.sqrt(np.mean((own.y[rest] - full[rest] @ beta) ** 2))
        density[part] = norm.logpdf(own.y[part], full[part] @ beta, deviation)
    assert table["held_out"][1] == pytest.approx(density.mean(), rel=1e-10)


def test_curves_are_the_two_classical_lines():
    table = probed("curves_ethanol", starts=4)
    rows, own = table[table["part"] == "row"], sample("mixture_ethanol")
    np.testing.assert_array_equal(rows[["x", "y"]], np.column_stack([own.x, own.y]))
    lines = table[table["part"] == "expert"]
    slopes = [np.polyfit(part["x"], part["y"], 1)[0] for _, part in lines.groupby("expert")]
    assert sorted(slopes) == pytest.approx([-0.084095, 0.087864], abs=1e-6)
    mean = (lines["share"] * lines["y"]).groupby(lines["x"]).sum()
    np.testing.assert_allclose(mean, table[table["part"] == "mean"]["y"], rtol=1e-10)
    sigma = pd.Series([0.02298, 0.04457], index=np.argsort(slopes) + 1)
    for part, level in (("low", 0.025), ("high", 0.975)):
        ends = table[table["part"] == part].set_index("x")["y"]
        z = (lines["x"].map(ends) - lines["y"]) / lines["expert"].map(sigma)
        below = (lines["share"] * norm.cdf(z)).groupby(lines["x"]).sum()
        np.testing.assert_allclose(below, level, atol=1e-4)


def test_curves_refuse_several_covariates():
    task = plan.probe_task(RECORD, "curves_ethanol")
    (cell,) = task.cells
    settings = {k: v for k, v in cell.data.settings.items() if k != "columns"}
    wide = replace(cell, data=replace(cell.data, settings=settings))
    with pytest.raises(DataError, match="one covariate, the sample has 2"):
        run_probe(replace(task, cells=[wide]), {})


def test_basins_count_every_start_once():
    table = probed("basins_engel", experts=[2], starts=20)
    assert list(table["start"]) == list(range(20))
    assert table["log_likelihood"].max() == pytest.approx(253.761301, abs=1e-6)
    found = mixture_basins.build(curves={}, engel=table)
    assert found["hits"].sum() == 20
    assert list(found["hits"]) == list(found[["near", "wide", "gatefit"]].sum(axis=1))
    assert found["below"].iloc[:2].tolist() == pytest.approx([0, 0.688868], abs=1e-5)
    drawn = basins_figure.basins(table)
    np.testing.assert_allclose(drawn["share"], found["hits"] / 20)


def choice(**columns):
    """A table of choices of two fits, the second separable."""
    base = {
        "experts": [1, 2], "status": ["maximum", "separable"], "rows": [100, 100],
        "parameters": [3, 8], "log_likelihood": [-50.0, -20.0], "rate": [0.0, 0.5],
        "hits": [1, 3], "starts": [1, 20], "aic": [106.0, np.nan], "bic": [113.8, np.nan],
        "icl": [113.8, np.nan], "held_out": [-0.5, -0.3], "held_out_se": [0.1, 0.1],
    }  # fmt: skip
    return pd.DataFrame(base | columns)


def test_choice_marks_the_best_of_each_criterion():
    table = mixture_choice.build(curves={}, one=choice())
    assert list(table["best_by"]) == ["aic, bic, icl", "held_out"]


def test_criteria_of_a_separable_fit_are_drawn_at_its_supremum():
    costs = choice_figure.costs(choice())
    assert costs["bic"][2] == pytest.approx(8 * np.log(100) + 40)
    assert costs["aic"][2] == 56 and np.isnan(costs["icl"][2])
    assert list(costs["held_out"]) == [100, 60] and list(costs["maximum"]) == [True, False]


@pytest.mark.parametrize(
    ("known", "reached"),
    [
        ({"log_likelihood": -20.0 + 9e-7}, True),
        ({"log_likelihood": -20.0 + 2e-6}, False),
        ({"log_likelihood": -20.0 + 9e-4, "supremum": True}, True),
        ({"log_likelihood": -20.0 + 2e-3, "supremum": True}, False),
    ],
)
def test_maximum_is_reached_within_the_tolerance_of_its_kind(known, reached):
    references = {"one": [{"experts": 2, **known}]}
    (row,) = mixture_maxima.build(curves={}, references=references, one=choice()).to_dict("records")
    assert row["reached"] is reached
    assert row["difference"] == pytest.approx(-20 - known["log_likelihood"])


@pytest.mark.parametrize(
    ("references", "said"),
    [
        ({"ethano": []}, "no case 'ethano': did you mean 'ethanol'"),
        ({"ethanol": [{"experts": 9, "log_likelihood": 1.0}]}, "9 experts, its probe fits"),
    ],
)
def test_reference_of_what_is_not_read_is_refused(references, said):
    entry = replace(RECORD.tables["mixture_maxima"], options={"references": references})
    with pytest.raises(ValueError, match=said):
        mixture_maxima.check(RECORD, entry)


def test_success_counts_starts_near_the_best_of_all_seeds():
    table = probed("success_engel", seeds=3)
    assert list(table["seed"]) == [1, 2, 3] and set(table["starts"]) == {20}
    for seed, hits in zip(table["seed"], table["hits"], strict=True):
        runs = probed("basins_engel", experts=[2], starts=20, seed=seed)
        assert hits == (runs["log_likelihood"] > 253.761301 - 0.05).sum()


def test_success_is_of_seeds_and_suprema_have_a_mean_of_their_own():
    def seeds(status, *hits):
        size = len(hits)
        return pd.DataFrame({
            "seed": range(size), "experts": 2, "rows": 50, "covariates": 1, "status": status,
            "log_likelihood": -np.arange(1.0, size + 1), "starts": 20, "hits": hits,
            "iterations": 400,
        })  # fmt: skip

    given = {"one": seeds("maximum", 20, 0, 1, 3), "two": seeds("separable", 1, 0)}
    design = {"one": {"success": 0.9}}
    table = mixture_success.build(curves={}, design=design, **given).set_index("problem")
    assert table["success"]["one"] == 0.75 and table["a_start"]["one"] == 24 / 80
    assert (table["best"]["two"], table["success"]["two"]) == (-1.0, 0.5)
    assert table["success_low"]["one"] == pytest.approx(0.3006, abs=1e-4)  # Wilson (1927)
    assert table["design_success"]["one"] == 0.9 and np.isnan(table["design_a_start"]["one"])
    mean = table.loc[mixture_success.MEAN]
    assert (mean["success"], mean["seeds"]) == (0.75, 4)
    supremum = table.loc[mixture_success.SUPREMUM]
    assert (supremum["success"], supremum["a_start"], supremum["seeds"]) == (0.5, 1 / 40, 2)
    only = mixture_success.build(curves={}, one=given["one"])
    assert list(only["problem"]) == ["one", mixture_success.MEAN]


def law(**noise):
    """The law of gaussian samples of the record, with another noise."""
    own = RECORD.experiments["mixture_gaussian"]
    scene = next(scenes(own.seed, own.model, own.start, cells.grid(own).first(), [0], {}))
    model = scene.bind()
    found = fit(Problem(model.sample.x, model.sample.y), 2, n_init=2)
    return mixture_coverage.Law(model, found, **({"freedom": np.inf, "growth": 0.0} | noise))


def test_noise_of_coverage_has_the_law_that_is_asked_for():
    own = law(freedom=5.0, growth=0.5)
    x, y = own.draw(40_000, np.random.default_rng(1))
    gate, means = predict.gate_proba(own.fitted, x), predict.expert_mean(own.fitted, x)
    z = (y[:, None] - means) / own.fitted.sigma / np.exp(0.5 * x[:, :1])
    assert kstest((gate * t_law(5).cdf(z)).sum(axis=1), "uniform").pvalue > 1e-3
    assert kstest((gate * norm.cdf(z)).sum(axis=1), "uniform").pvalue < 1e-6


def test_noise_of_its_own_is_gaussian_experts_alone():
    with pytest.raises(DataError, match="gaussian noise, not poisson"):
        probed("coverage_poisson", draws=1, freedom=5.0)


def test_complete_information_covers_less_and_wrong_noise_is_warned_of():
    table = probed("coverage_gaussian", draws=12, freedom=5.0)
    assert table["complete"].mean() < table["observed"].mean() - 0.02
    assert table["warned"].iloc[0] > 0.8
    shown = mixture_table.build(curves={}, design={"one": {"observed": 0.9}}, one=table)
    assert shown["low"].iloc[0] == (table["observed"] < 0.92).sum()
    assert shown["design_observed"].iloc[0] == 0.9


def test_figures_say_what_they_show():
    fits = mixture_fits.draw(curves={}, one=probed("curves_ethanol", starts=2))
    assert "1 of 1 fits are certified maxima" in " ".join(fits.get_suptitle().split())
    chosen = choice_figure.draw(curves={}, one=choice())
    assert "2 (one)" in chosen.get_suptitle()
    ends = basins_figure.draw(curves={}, one=probed("basins_ethanol", experts=[2], starts=4))
    assert "100 to 100" in ends.get_suptitle()


def kept(name):
    """A table of the reference."""
    return pd.read_csv(ROOT / "results" / "reference" / "tables" / f"{name}.csv")


def test_observed_rate_is_the_predicted_one():
    for family in ("gaussian", "poisson", "logistic"):
        table = probed(f"rates_mixture_{family}", problems=6, n=400)
        found = table[table["status"] == "maximum"]
        assert len(found) >= 2
        assert found["observed"].to_numpy() == pytest.approx(found["predicted"], rel=1e-7)


def test_kept_rates_agree_wherever_there_is_one():
    table = kept("mixture_rates")
    assert table["problems"].sum() >= 200
    assert (table["close"] == 1).all()
    counted = table[["maximum", "separable", "degenerate", "flat", "not_converged"]].sum(axis=1)
    assert (counted == table["problems"]).all()


def test_kept_fits_reach_their_references_and_starts_succeed():
    assert kept("mixture_maxima")["reached"].all()
    success = kept("mixture_success").set_index("problem")["success"]
    assert success[mixture_success.MEAN] >= 0.9


def test_kept_coverage_is_that_of_a_separate_program():
    """The law of its growing noise is not known: it lies between two of ours."""
    table = kept("mixture_coverage").set_index("case")
    for kind in ("observed", "robust"):
        grows = "noise grows with x, n = 2000"
        known = table.drop(grows).dropna(subset=f"design_{kind}")
        assert len(known) == 6
        assert (known[f"design_{kind}"] - known[kind] < 2 * known["monte_carlo_error"]).all()
        less = table.loc["noise grows half as fast, n = 2000", kind]
        assert table.loc[grows, kind] < table.loc[grows, f"design_{kind}"] < less
