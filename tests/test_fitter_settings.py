"""What a fitter's settings may be, and how wrong ones are refused."""

import dataclasses

import numpy as np
import pytest

from emmoe.lab.recorder import SKIPPED, record
from emmoe.record import registry
from emmoe.record.settings import SettingError, checked
from emmoe.store.errors import ConfigError

NOT_POSITIVE = [0, 0.0, -0.1, np.nan, np.inf, -np.inf]
STEPPING = [
    name
    for name in registry.names("fitters")
    if "step" in registry.component("fitters", name, "test").__dataclass_fields__
]
NOT_NUMBERS = [True, False, "0.1", None, [0.1], 1j]


def test_wrong_block_names_are_refused_with_a_reason(model_name, fitter_name, problem, make_fitter):
    if not hasattr(make_fitter(fitter_name), "step"):
        pytest.skip(f"{fitter_name} has no step size")
    model, _, start = problem(model_name)
    reason = make_fitter(fitter_name).refuses(model)
    if reason is not None:
        pytest.skip(reason)
    blocks = model.layout
    right = dict.fromkeys(blocks, 0.1)
    first = next(iter(blocks))
    assert make_fitter(fitter_name, step=right).refuses(model) is None
    missing = {name: 0.1 for name in right if name != first}
    for wrong in (missing, right | {"nonsense": 0.1}, {}):
        fitter = make_fitter(fitter_name, step=wrong)
        assert first in fitter.refuses(model)
        recording = record(fitter, model, start, iterations=2)
        assert recording.status == [SKIPPED] and recording.reason == fitter.refuses(model)


@pytest.mark.parametrize("bad", [*NOT_POSITIVE, *NOT_NUMBERS], ids=repr)
@pytest.mark.parametrize("name", STEPPING)
def test_a_step_that_is_no_positive_number_is_an_error(name, bad, make_fitter):
    for step in (bad, {"beta": 0.1, "w": bad}):
        with pytest.raises(ConfigError, match="step"):
            make_fitter(name, step=step)
        if bad in NOT_POSITIVE:
            with pytest.raises(ValueError, match="step"):
                dataclasses.replace(make_fitter(name), step=step)


@dataclasses.dataclass
class Vector:
    """Settings with a list of any length."""

    factors: tuple[float, ...]


def test_a_list_of_any_length_is_checked_entry_by_entry():
    for factors in ([], [2], [0.5, 1, 2.0]):
        (found,) = checked(Vector, {"factors": factors}).values()
        assert found == tuple(factors) and all(type(factor) is float for factor in found)
    for bad in (0.5, "0.5", [0.5, "1"], [True], [np.nan], {"beta": 1.0}):
        with pytest.raises(SettingError, match="factors"):
            checked(Vector, {"factors": bad})


@pytest.mark.parametrize(
    ("name", "setting", "bad"),
    [
        *(("gradient_em", "inner_steps", bad) for bad in (0, -1, 1.5, "2", True, None)),
        *(
            (name, "m_step_tolerance", bad)
            for bad in (0.0, -1e-6, 1.0, np.nan, np.inf, "0.1")
            for name in ("em", "squarem")
        ),
        *(("backtracking_gradient_descent", "shrink", bad) for bad in (0.0, 1.0, -0.5, np.nan)),
        *(("backtracking_gradient_descent", "growth", bad) for bad in (0.9, np.inf, np.nan)),
        *(("backtracking_gradient_descent", "armijo", bad) for bad in (0.0, 1.0, np.nan)),
        *(("adam", name, bad) for bad in (-0.1, 1.0, np.nan) for name in ("beta1", "beta2")),
        *(("adam", "epsilon", bad) for bad in (0.0, -1e-8, np.inf)),
        *(("adam", "decay", bad) for bad in (0.0, -1.0, np.nan)),
        *(("truncated_newton", "radius", bad) for bad in (0.0, -1.0, np.inf, None)),
        *((name, "whitened", 1) for name in ("gradient_descent", "lbfgs", "truncated_newton")),
        *(("nesterov", "restart", bad) for bad in (1, "yes", None)),
        *(("lbfgs", "memory", bad) for bad in (0, -1, 1.5)),
        *(("stochastic_gradient_descent", "batch_size", bad) for bad in (0, -1, 1.5, None)),
        *(("stochastic_gradient_descent", "decay", bad) for bad in (0.0, -1.0, np.nan)),
        *(("stochastic_gradient_descent", "seed", bad) for bad in (-1, 0.5, None)),
    ],
)
def test_other_settings_out_of_range_are_an_error(name, setting, bad, make_fitter):
    with pytest.raises(ConfigError, match=setting):
        make_fitter(name, **{setting: bad})
