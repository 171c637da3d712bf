"""What every component does: a new file in its folder meets these tests without an edit here."""

import importlib
import inspect
import typing
from collections.abc import Mapping
from itertools import islice, pairwise

import numpy as np
import pytest
from workflow_helpers import ROOT

from emmoe.__main__ import main
from emmoe.fitters.em import EM
from emmoe.fitters.gradient_descent import GradientDescent
from emmoe.lab.fit import Run
from emmoe.models.curved import CurvedModel
from emmoe.models.latent import LatentModel
from emmoe.models.objective import Column, Objective
from emmoe.models.regression import RegressionModel
from emmoe.record import registry
from emmoe.record.components import build_model
from emmoe.record.entries import KINDS
from emmoe.record.read import load
from emmoe.starts.base import size
from emmoe.theory.mirror import bregman, independent_loss_and_gradient, mirror_residual

STARTS, DATASETS = registry.names("starts"), registry.names("datasets")
PRODUCTS = [(kind, name) for kind in KINDS for name in registry.functions(kind)]
MEASURES = [(kind, n) for kind in registry.MEASURES for n in registry.functions(kind)]
ANALYSES = registry.functions("analyses")
REPLICATES = 2


def rng(seed=0):
    return np.random.default_rng(seed)


def example(name, contract=Objective):
    """A model's small problem; skips one that does not fulfil a contract."""
    cls = registry.component("models", name, "model")
    if not issubclass(cls, contract):
        pytest.skip(f"{name} is not {contract.described}")
    return cls.example()


def test_blocks_follow_each_other_and_fill_theta(model_name):
    model, truth, start = example(model_name)
    end = 0
    for part in model.layout.values():
        assert part.start == end < part.stop
        end = part.stop
    assert truth.shape == start.shape == (end,)


def test_gradient_is_that_of_the_loss(model_name, gradient_by_differences):
    model, truth, start = example(model_name)
    for theta in (truth, start):
        loss, gradient = model.loss_and_gradient(theta)
        assert loss == pytest.approx(model.loss(theta), rel=1e-13)
        expected = gradient_by_differences(model.loss, theta)
        np.testing.assert_allclose(gradient, expected, atol=1e-7 * np.linalg.norm(expected) + 1e-10)


def test_errors_vanish_on_the_truths_orbit_where_losses_are_equal(model_name):
    model, truth, start = example(model_name)
    for member in model.orbit(truth):
        assert model.loss(member) == pytest.approx(model.loss(truth), rel=1e-12)
        assert max(model.recovery_errors(member, truth).values()) <= 1e-14
    assert set(model.recovery_errors(start, truth)) == set(model.layout)
    assert min(model.recovery_errors(start, truth).values()) > 0


def test_model_declares_what_it_measures_of_a_truth(model_name):
    model, truth, _ = example(model_name)
    declared = {column.name for column in model.columns}
    if model.simulates:  # else no data have a truth for it
        errors = model.recovery_errors(truth, truth)
        assert {f"relative_error_{name}" for name in errors} <= declared
    assert set(model.measures(truth)) <= declared


def test_responsibilities_are_a_distribution(model_name):
    model, _, start = example(model_name, LatentModel)
    posterior = model.posterior(start)
    assert (posterior >= 0).all()
    np.testing.assert_allclose(posterior.sum(axis=-2), 1, rtol=1e-12)


def test_gradient_of_q_is_that_of_the_loss_where_it_was_taken(model_name):
    """Fisher's identity."""
    model, _, start = example(model_name, LatentModel)
    loss, gradient = model.loss_and_gradient(start)
    of_loss, of_q, statistic = model.e_step(start)
    assert of_loss == pytest.approx(loss, rel=1e-13)
    for found in (of_q, model.q_gradient(start, statistic)):
        np.testing.assert_allclose(found, gradient, atol=1e-12 * np.linalg.norm(gradient))


def test_m_step_ends_where_q_has_no_slope(model_name):
    model, _, start = example(model_name, LatentModel)
    _, gradient, statistic = model.e_step(start)
    solution = model.m_step(start, statistic, gradient, 1e-6)
    left = np.abs(model.q_gradient(solution, statistic)).max()
    assert left <= 2e-6 * np.abs(gradient).max()


def slope_along(gradient, at, direction):
    """The derivative of a gradient along a direction, by central differences of order 4."""
    h = 1e-3 / np.linalg.norm(direction)
    ends = (gradient(at + k * h * direction) for k in (-2, -1, 1, 2))
    return np.array([1, -8, 8, -1]) @ np.array(list(ends)) / (12 * h)


def test_product_with_the_hessian_is_that_of_the_loss(model_name):
    model, truth, start = example(model_name, CurvedModel)
    product = model.hessian_product(start)
    for direction in (truth, rng().standard_normal(start.shape)):
        expected = slope_along(lambda theta: model.loss_and_gradient(theta)[1], start, direction)
        np.testing.assert_allclose(
            product(direction), expected, atol=1e-8 * np.linalg.norm(expected)
        )


@pytest.mark.parametrize("where", ["at the truth", "near it", "at the start"])
def test_newton_step_solves_the_equation_of_q_to_a_tenth(model_name, where):
    model, truth, start = example(model_name, CurvedModel)
    near = truth + 0.05 * rng().standard_normal(truth.shape)
    theta = {"at the truth": truth, "near it": near, "at the start": start}[where]
    if where == "at the start" and not isinstance(model, RegressionModel):
        pytest.skip("-Q need not be convex there, as in a log sigma")
    _, gradient, statistic = model.e_step(theta)
    step = model.newton_step(theta, gradient)
    found = slope_along(lambda at: model.q_gradient(at, statistic), theta, step)
    root = np.eye(1)
    if isinstance(model, RegressionModel):
        root = model.whitening().inverse_root[0]
    residual = (found - gradient).reshape(-1, len(root)) @ root
    assert np.linalg.norm(residual) <= 0.1 * np.linalg.norm(gradient.reshape(-1, len(root)) @ root)


def test_loss_follows_from_the_law_that_a_symmetric_model_names(symmetric_name):
    model, truth, start = example(symmetric_name)
    for theta in (truth, start):
        loss, gradient = independent_loss_and_gradient(model, theta)
        found, slope = model.loss_and_gradient(theta)
        assert found == pytest.approx(loss, rel=1e-12)
        np.testing.assert_allclose(slope, gradient, atol=1e-12)


def test_law_has_the_divergence_of_the_mirror_map(symmetric_name, gradient_by_differences):
    model, truth, start = example(symmetric_name)
    slope = gradient_by_differences(model.mirror_map, start)
    np.testing.assert_allclose(model.mirror_gradient(start), slope, rtol=1e-9, atol=1e-11)
    change = truth - start
    expected = model.mirror_map(truth) - model.mirror_map(start) - slope @ change
    assert bregman(model, truth, start) == pytest.approx(expected, rel=1e-8)


def test_em_step_of_a_symmetric_model_is_a_unit_step_of_mirror_descent(symmetric_name):
    model, _, start = example(symmetric_name)
    thetas = [state.theta for state in islice(EM().iterate(model, start), 6)]
    for old, new in pairwise(thetas):
        assert mirror_residual(model, old, new) <= 1e-8
        assert mirror_residual(model, old, (old + new) / 2) > 0.1


def test_hessian_of_a_symmetric_model_is_that_of_its_loss(symmetric_name, gradient_by_differences):
    model, _, start = example(symmetric_name)
    rows = [
        gradient_by_differences(lambda theta, i=i: model.loss_and_gradient(theta)[1][i], start)
        for i in range(len(start))
    ]
    np.testing.assert_allclose(model.hessian(start), rows, rtol=1e-7, atol=1e-8)


def test_fitter_refuses_wrong_names_of_blocks(model_name, fitter_name, make_fitter):
    """In every setting that may be a mapping, whatever its name."""
    model = example(model_name).model
    fitter = make_fitter(fitter_name)
    if fitter.refuses(model) is not None:
        pytest.skip(fitter.refuses(model))
    for name, hint in typing.get_type_hints(type(fitter)).items():
        if any(typing.get_origin(h) is Mapping for h in (hint, *typing.get_args(hint))):
            right = dict.fromkeys(model.layout, 0.1)
            assert make_fitter(fitter_name, **{name: right}).refuses(model) is None
            for wrong in (right | {"nonsense": 0.1}, {}):
                assert name in make_fitter(fitter_name, **{name: wrong}).refuses(model)


@pytest.mark.parametrize("name", STARTS)
def test_start_is_drawn_from_its_random_numbers_alone(name, model_name):
    model, truth, _ = example(model_name)
    cls = registry.component("starts", name, "start")
    law = cls.example(model.layout)
    one, same, other = (law.draw(model.layout, truth, rng(seed)) for seed in (1, 1, 2))
    assert one.shape == truth.shape and np.isfinite(one).all()
    assert np.array_equal(one, same) and not np.array_equal(one, other)
    if not cls.needs_truth:
        assert np.array_equal(one, law.draw(model.layout, None, rng(1)))


@pytest.fixture(scope="module")
def record():
    """The record of the folder that the tests are in."""
    return load(ROOT / "config.yaml")


def model_of(record, name):
    """A model that the record fits to a data set."""
    entries = [*record.experiments.values(), *record.contests.values()]
    models = [entry.model for entry in entries if entry.data.name == name]
    if not models:
        pytest.skip(f"no experiment has the data set {name}")
    return build_model(models[0])


def drawn(dataset, model, files, seed):
    """The truths and samples of some replicates: [(positions, sample), ...]."""
    generators = [rng([seed, replicate]) for replicate in range(REPLICATES)]
    truths = [dataset.truth(model.blocks(dataset.shape), generator) for generator in generators]
    return truths, list(dataset.samples(model, truths, generators, rng(9), files))


@pytest.mark.parametrize("name", DATASETS)
def test_data_set_has_a_sample_for_every_replicate(name, record):
    cls = registry.component("datasets", name, "data")
    dataset, model = cls.example(), model_of(record, name)
    files = {}
    for file in cls.files:
        folder, _, own = file.partition("/")
        path = ROOT / record.folders.downloads / file
        if not path.is_file():
            pytest.skip(f"{path} is not there")
        files[file] = (path, record.downloads[folder].files[own].sha256)
    truths, samples = drawn(dataset, model, files, 1)
    positions = sorted(position for own, _ in samples for position in own)
    assert positions == list(range(REPLICATES))
    assert [truth is not None for truth in truths] == [cls.has_truth] * REPLICATES
    for _, sample in samples:
        assert sample.shape == dataset.shape
        assert model.bind(sample).layout == model.blocks(dataset.shape)
    again = drawn(dataset, model, files, 1)[1]
    losses = [loss_somewhere(model.bind(sample), cls.dtype) for _, sample in samples]
    same = [loss_somewhere(model.bind(sample), cls.dtype) for _, sample in again]
    assert np.isfinite(losses).all() and np.array_equal(losses, same)


def loss_somewhere(model, dtype):
    """A bound model's loss at parameters that are the same at every call."""
    theta = rng(5).standard_normal((model.replicates, size(model.layout))).astype(dtype)
    return model.loss(theta if model.stacked else theta[0])


@pytest.mark.parametrize("name", DATASETS)
def test_data_set_has_settings_to_vary_and_files_that_the_record_knows(name, record):
    cls = registry.component("datasets", name, "data")
    assert set(cls.axes) <= set(cls.__dataclass_fields__)
    for file in cls.files:
        folder, _, own = file.partition("/")
        assert own in record.downloads[folder].files


@pytest.mark.parametrize("measure", MEASURES, ids="-".join)
def test_measure_needs_a_contract_of_models(measure):
    assert issubclass(registry.needs(*measure), Objective)


@pytest.mark.parametrize("measure", MEASURES, ids="-".join)
def test_columns_of_a_measure_are_listed(measure, capsys):
    main(["list", "--columns"])
    listed = capsys.readouterr().out
    for column in importlib.import_module(f"{registry.folder(measure[0])}.{measure[1]}").COLUMNS:
        assert f"| `{column.name}` | " in listed


@pytest.mark.parametrize("name", ANALYSES)
def test_analysis_gives_the_columns_that_it_declares(name, model_name):
    model, truth, start = example(model_name, registry.needs("analyses", name))
    fitter = GradientDescent.example()
    states = islice(fitter.iterate(model, start), 6)
    run = Run(model, fitter, truth, np.array([state.theta for state in states]), "max_iterations")
    analyse = registry.function("analyses", name)
    declared = {column.name: column for column in inspect.getmodule(analyse).COLUMNS}
    found = analyse(run)
    assert list(found) == list(declared)
    for column, value in found.items():
        assert is_of(value, declared[column]), f"{column}: {value!r}"


def is_of(value, column: Column):
    """Whether a value may stand in a column."""
    missing = isinstance(value, float) and np.isnan(value)
    if not isinstance(column.type, str):
        return missing or value in column.type
    if column.type == "list":
        return missing or isinstance(value, list)
    if column.type == "text":
        return missing or isinstance(value, str)
    return isinstance(value, float | int if column.type == "number" else column.type)


@pytest.mark.parametrize("product", PRODUCTS, ids="-".join)
def test_product_takes_tables_and_options_by_name_and_type(product):
    kind, name = product
    parameters = inspect.signature(registry.function(kind, name)).parameters
    assert ("curves" in parameters) == (kind != "findings")
    for own in parameters.values():
        assert own.kind in (own.KEYWORD_ONLY, own.VAR_KEYWORD), own
        assert own.annotation is not own.empty, own
