"""What the tests of single fitters share."""

from itertools import islice

# Safely below 2/L for features of unit variance.
STEPS = {"symmetric_linear": 0.8, "symmetric_logistic": 3.0}


def states(fitter, model, start, count):
    """The states 0, 1, ..., count - 1."""
    return list(islice(fitter.iterate(model, start), count))


def iterations(fitter, model, start, gap, optimum, limit=5000):
    """The number of iterations until the loss is within a gap of the optimum's."""
    found = enumerate(islice(fitter.iterate(model, start), limit))
    return next(t for t, state in found if state.loss <= optimum.loss + gap)


class Quadratic:
    """L = (theta - m)'H(theta - m) / 2 with minimiser m, as far as gradient methods use a model;
    theta is (p,) or (R, p)."""

    def __init__(self, hessian, minimiser):
        self.hessian, self.minimiser = hessian, minimiser
        self.layout = {"all": slice(0, len(hessian))}

    def loss_and_gradient(self, theta):
        gradient = (theta - self.minimiser) @ self.hessian
        return (gradient * (theta - self.minimiser)).sum(axis=-1) / 2, gradient
