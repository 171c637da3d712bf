"""Small bound problems for every model and fitter that the registry finds.

A new file in src/emmoe/models or src/emmoe/fitters thus meets the generic tests without an edit
here: each says by `example` which small problem or settings suit it.
"""

import dataclasses
import signal

import numpy as np
import pytest
from browser_helpers import address, driver  # noqa: F401 (fixtures of the tests of the report)
from campaign import CASES
from site_helpers import get, new_site  # noqa: F401 (fixtures of the tests of downloads)
from threadpoolctl import threadpool_limits

from emmoe.models.objective import Example
from emmoe.models.regression import RegressionModel
from emmoe.models.symmetric import SymmetricModel
from emmoe.record import registry
from emmoe.theory.information import spectrum
from emmoe.theory.optimum import settle

MODELS = registry.names("models")
FITTERS = registry.names("fitters")


def fulfilling(contract):
    """Return the names of the models that derive from a class."""
    return [n for n in MODELS if issubclass(registry.component("models", n, "model"), contract)]


SYMMETRIC, REGRESSIONS = fulfilling(SymmetricModel), fulfilling(RegressionModel)
STACKED = [name for name in MODELS if registry.component("models", name, "model").stacked]


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """One BLAS thread, as in a job: with two, sums are taken in another order."""
    with threadpool_limits(limits=1):
        yield


@pytest.fixture(autouse=True, scope="session")
def interruptible():
    """SIGINT as in a terminal: a run in a shell's background, and what it starts, ignores it."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    """Begin with the files that take long, so that none of them is alone at the end."""

    def long(item):
        return [item.get_closest_marker(name) is None for name in ("slurm", "slow")]

    first = {}
    for item in items:
        first[item.path] = min(long(item), first.get(item.path, long(item)))
    items.sort(key=lambda item: first[item.path])


def pytest_sessionfinish(session):
    """Hand the counts of a process of `pytest -n` to the one that started it."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["cases"] = dict(CASES)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    """Add up the counts."""
    CASES.update(getattr(node, "workeroutput", {}).get("cases", {}))


def pytest_terminal_summary(terminalreporter):
    """Say how many cases of bad input were run (`campaign`)."""
    if CASES:
        counts = ", ".join(f"{count} {where}" for where, count in CASES.items())
        terminalreporter.write_line(f"cases of bad input: {counts}")


@pytest.fixture(params=MODELS)
def model_name(request):
    return request.param


@pytest.fixture(params=SYMMETRIC)
def symmetric_name(request):
    return request.param


@pytest.fixture(params=REGRESSIONS)
def regression_name(request):
    return request.param


@pytest.fixture(params=STACKED)
def stacked_name(request):
    return request.param


@pytest.fixture(params=FITTERS)
def fitter_name(request):
    return request.param


@pytest.fixture
def problem():
    """Return problem(name, n, d, seed, scale, **settings): a small Problem, targets from a truth
    with entries of standard deviation `scale`."""
    return _problem


@pytest.fixture
def near_optimum(symmetric_name, problem):
    """A model, its optimum, and a start from which L is convex all the way to the optimum."""
    model, truth, _ = problem(symmetric_name, n=400, scale=1.5)
    optimum = settle(model, truth)
    away = np.random.default_rng(0).standard_normal(len(truth))
    start = optimum.theta + 0.1 * np.linalg.norm(optimum.theta) * away / np.linalg.norm(away)
    for share in np.linspace(0, 1, 11):
        point = start + share * (optimum.theta - start)
        assert spectrum(model, point)[0][0] < 1  # so Hess L = Hess A (1 - M) is positive
    return model, optimum, start


@pytest.fixture
def make_fitter():
    """Return make_fitter(name, **settings), which fills the settings that have no default."""
    return _fitter


@pytest.fixture
def gradient_by_differences():
    """Return the gradient of a function by central differences of order 6."""
    return _gradient_by_differences


def _problem(name, **settings) -> Example:
    return registry.component("models", name, name).example(**settings)


def _fitter(name, **settings):
    cls = registry.component("fitters", name, name)
    example = dataclasses.asdict(cls.example())
    fields = dataclasses.fields(cls)
    needed = {f.name: example[f.name] for f in fields if f.default is dataclasses.MISSING}
    return registry.build("fitters", name, needed | settings, name)


def _gradient_by_differences(f, theta, h=2e-3):
    weights = ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60))

    def derivative(direction):
        return sum(c * (f(theta + k * direction) - f(theta - k * direction)) for k, c in weights)

    return np.array([derivative(h * axis) / h for axis in np.eye(len(theta))])
