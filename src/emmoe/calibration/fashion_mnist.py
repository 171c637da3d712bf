"""The search for Figure 3: a grid of steps, the gate's as a ratio to the experts'.

The paper's EM is a few gradient steps an M-step here, as in config.yaml. With one inner step
gradient EM is gradient descent (Fisher's identity), so one simulation stands for both algorithms
and is scored against the curves of both.
"""

from collections.abc import Mapping
from itertools import product
from typing import Any

from emmoe.calibration.family import Family
from emmoe.calibration.simulate import Setting
from emmoe.calibration.space import rounded
from emmoe.record.entries import Experiment, Fitter

ONE_STEP = {"gradient_descent": "gd", "gradient_em": "gem"}


def settings(family: Family) -> dict[str, list[Setting]]:
    """Return the settings of each grid: `em`, by inner steps x reach (inner steps times step) x
    gate ratio, and `one_step`, by step x gate ratio."""
    em, one = family.search.grids["em"], family.search.grids["one_step"]
    of_em = product(em.inner_steps, em.reach, em.gate_ratio)
    of_one = product(one.step, one.gate_ratio)
    return {
        "em": [
            _setting({"em": f"fashion-em-{i:02d}"}, k, rounded(reach / k), ratio, family.base)
            for i, (k, reach, ratio) in enumerate(of_em)
        ],
        "one_step": [
            _setting(
                {algorithm: f"fashion-{short}-{i:02d}" for algorithm, short in ONE_STEP.items()},
                1, step, ratio, family.base,
            )
            for i, (step, ratio) in enumerate(of_one)
        ],
    }  # fmt: skip


def searched(row: Mapping[str, Any], base: Experiment) -> Setting:
    """Return the setting of a row of settings.csv, to be simulated again."""
    ratio = row["step_gate"] / row["step_experts"]
    names = {row["algorithm"]: row["setting"]}
    return _setting(names, int(row["inner_steps"]), float(row["step_experts"]), ratio, base)


def _setting(
    names: Mapping[str, str], inner: int, step: float, ratio: float, base: Experiment
) -> Setting:
    steps = {"gate": rounded(ratio * step), "experts": step}
    searched = {"inner_steps": inner} | {f"step_{block}": size for block, size in steps.items()}
    fitter = Fitter("gradient_em", {"inner_steps": inner, "step": steps})
    return Setting(names, searched, base, fitter)
