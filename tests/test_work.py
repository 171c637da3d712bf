"""FLOPs from counts of work agree with counts by hand, of multiplications and additions."""

from itertools import islice

import pytest

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


@pytest.mark.parametrize(("name", "grams"), [("symmetric_linear", 1), ("symmetric_logistic", 2)])
def test_newton_step_on_q_takes_a_gram_for_each_block_that_varies(name, grams, problem):
    model, _, start = problem(name, n=N, d=D)
    found = spent(PreconditionedGradientDescent(), model, start, 2)
    gradients, logits_again = 2 * 4 * PRODUCT, 2 * PRODUCT
    assert found == gradients + logits_again + grams * GRAM


def test_work_that_was_not_done_counts_nothing(problem):
    model, *_ = problem("logistic_experts", n=N, d=D)
    model.work.update(unsolved_m_steps=3)
    assert model.flops() == 0
