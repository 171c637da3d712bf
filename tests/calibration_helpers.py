"""A small world in which the settings behind the "reported" curves are known."""

import pandas as pd
from records import experiment, family

from emmoe.calibration.readings import curves
from emmoe.calibration.score import Plan
from emmoe.calibration.simulate import Setting, simulate
from emmoe.evidence.reported import _schema
from emmoe.record.entries import Fitter
from emmoe.record.searches import Stage

SEARCH = {
    "figures": ["figure_1", "figure_2"],
    "calibration": {"figure_2": [0, 4, 12]},
    "instances": 50,
}
LAST = 16
POINT = {
    "d": 3, "n_over_d": 100.0, "norm_beta": 2.0, "norm_w": 2.0, "start_beta": 0.8,
    "start_beta_sd": 0.1, "start_w": 0.8, "start_w_sd": 0.1,
}  # fmt: skip
BASE = experiment(
    {
        "model": {"name": "symmetric_linear"},
        "data": {
            "name": "synthetic",
            "n": 300,
            "d": 3,
            "norm_beta": 2.0,
            "norm_w": 2.0,
            "angle": 60,
        },
        "start": {"name": "near_truth", "distance": {"beta": [0.8, 0.1], "w": [0.8, 0.1]}},
        "replicates": 1,
        "replicates_per_block": 1,
        "iterations": 100,
        "fitters": {
            "gradient_em": {"algorithm": "gradient_em", "inner_steps": 2, "step": 0.1},
            "gradient_descent": {"algorithm": "gradient_descent", "step": {"beta": 0.15, "w": 0.6}},
        },
    }
)
FAMILY = family(BASE, SEARCH)
STAGES = (Stage(6, 12), Stage(12, LAST))
PLAN = Plan(0.01, "all", STAGES, seed=11)
PANELS = {
    "1a": "excess_loss_to_truth",
    "1b": "excess_loss_to_final",
    "2a": "relative_error_beta",
    "2b": "relative_error_w",
}


def descent(beta=0.15, w=0.6, name="gd"):
    """A setting of gradient descent; its defaults are the truth."""
    steps = {"beta": beta, "w": w}
    fitter = Fitter("gradient_descent", {"step": steps})
    searched = {"inner_steps": 1, "step_beta": beta, "step_w": w}
    return Setting({"gradient_descent": name}, searched, BASE, fitter)


def drawn_by(setting, seed=2, instances=50):
    """What a paper would report that ran a setting: every even iteration of Figures 1 and 2."""
    values, rows = simulate(setting, seed, instances, LAST, {}), []
    for panel, metric in PANELS.items():
        for iteration in range(0, LAST + 1, 2):
            at = values[metric][:, iteration]
            row = {"where": f"figure_{panel}", "metric": metric, "iteration": iteration}
            row |= {"value": at.mean(), "low": at.mean() - at.std(), "high": at.mean() + at.std()}
            row |= {"spread": at.std(), "instances": instances}
            for algorithm in setting.names:
                names = {"claim_id": f"figure_{panel}_{algorithm}_{iteration}"}
                rows.append(row | names | {"algorithm": algorithm})
    facts = {"kind": "value", "model": "symmetric_linear", "source": "slides"}
    facts |= {"read_uncertainty": 1e-3, "interpolated": False}
    return pd.DataFrame(rows).assign(**facts).reindex(columns=list(_schema()["properties"]))


def curves_of(reported):
    """The curves of such a report."""
    return curves(reported, FAMILY)
