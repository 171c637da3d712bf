"""FLOPs from counts of work agree with counts by hand, of multiplications and additions."""

from itertools import islice

import pytest

from emmoe.fitters.em import EM
from emmoe.fitters.gradient_descent import GradientDescent
from emmoe.fitters.preconditioned_gradient_descent import PreconditionedGradientDescent
from emmoe.fitters.stochastic_gradient_descent import StochasticGradientDescent

N, D = 120, 3
PRODUCT = (
    2 * N * D
)  # x times one column, or x' times one: N D multiplications and as many additions
GRAM = 2 * N * (1 + 2 + 3)  # a triangle of 3 x 3 inner products of length N


def spent(fitter, model, start, states):
    """FLOPs of so many states of a fitter."""
    list(islice(fitter.iterate(model, start), states))
    return model.flops()


@pytest.mark.parametrize("states", [1, 5])
def test_gradient_takes_two_products_a_column(regression_name, problem, states):
    model, _, start = problem(regression_name, n=N, d=D)
    columns = len(start) // D
    expected = states * 2 * columns * PRODUCT
    assert spent(GradientDescent(0.1), model, start, states) == expected
    epochs = StochasticGradientDescent(0.1, batch_size=37)
    model.work.clear()
    assert spent(epochs, model, start, states + 1) == pytest.approx(expected)


def test_e_step_of_a_symmetric_model_takes_statistics_too(symmetric_name, problem):
    model, _, start = problem(symmetric_name, n=N, d=D)
    model.e_step(start)
    logits, gradient, statistic = 2, 2, 2
    assert model.flops() == (logits + gradient + statistic) * PRODUCT


def test_e_step_of_logistic_experts_takes_a_gradient(problem):
    model, _, start = problem("logistic_experts", n=N, d=D)
    model.e_step(start)
    assert model.flops() == 2 * 8 * PRODUCT


@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.parametrize("name", ["symmetric_linear", "symmetric_logistic"])
def test_newton_step_on_q_takes_a_gram_for_each_block_that_varies(name, steps, problem):
    """The linear experts' Gram does not vary: it is taken once a run."""
    model, _, start = problem(name, n=N, d=D)
    found = spent(PreconditionedGradientDescent(), model, start, steps + 1)
    gradients, logits_again = (steps + 1) * 4 * PRODUCT, steps * 2 * PRODUCT
    grams = steps + 1 if name == "symmetric_linear" else 2 * steps
    inverse = (9 + 2) * (2 * D) ** 3 + 2 * (2 * D) ** 2
    assert found == gradients + logits_again + grams * GRAM + steps * inverse


@pytest.mark.parametrize("runs", [1, 2])
def test_constant_gram_counts_once_in_every_run(problem, runs):
    model, _, start = problem("symmetric_linear", n=N, d=D)
    for _ in range(runs):
        model.work.clear()
        list(islice(EM().iterate(model, start), 4))
    gate_alone = model.bind(model.sample)
    gate_alone.work.update(moment=1)
    list(islice(EM().iterate(gate_alone, start), 4))
    assert model.passes() == gate_alone.passes() + 1


def test_newton_search_of_an_m_step_counts_its_eigendecompositions(problem):
    model, _, start = problem("symmetric_logistic", n=N, d=D)
    _, gradient, statistic = model.e_step(start)
    model.work.clear()
    model.m_step(start, statistic, gradient, 1e-9)
    work = model.work
    steps = 2 * work["forward"] - 2
    assert work["gram"] > 2 and work["backward"] >= steps / 2
    assert work["dense"] == work["gram"] * 11 * D**3 + steps * 2 * D**2


@pytest.mark.parametrize("states", [1, 6])
def test_whitening_costs_a_gram_an_eigendecomposition_and_products(
    regression_name, states, problem
):
    model, _, start = problem(regression_name, n=N, d=D)
    rows = len(start) // D
    found = spent(GradientDescent(0.1, whitened=True), model, start, states)
    once = GRAM + (9 + 4) * D**3
    assert found == states * 2 * rows * PRODUCT + once + (states - 1) * 2 * 2 * rows * D**2


def test_work_that_was_not_done_counts_nothing(problem):
    model, *_ = problem("logistic_experts", n=N, d=D)
    model.work.update(unsolved_m_steps=3)
    assert model.flops() == 0
