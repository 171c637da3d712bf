"""Made-up tables of runs, as the sweeps would gather them: every number can be told by a test."""

from itertools import combinations

import numpy as np
import pandas as pd
from matplotlib.text import Text

from emmoe.theory import population_rate

CURVES = {"em": "EM", "gradient_descent": "GD"}


def cell(model="symmetric_linear", start="near_truth", n=2000, d=5, angle=45.0, beta=1.0, w=2.0):
    """Return the settings of a cell, as its runs carry them."""
    name = f"n{n}-d{d}-angle{angle}-norm_beta{beta:g}-norm_w{w:g}"
    settings = {"model": model, "start": start, "n": n, "d": d, "angle": angle}
    return {"experiment": "sweep", **settings, "norm_beta": beta, "norm_w": w, "cell": name}


def runs_of(where, replicates, fitter="em", seed=0, success=0.9, cap=1000):
    """Return the runs of a cell: a share `success` reaches theta_hat within the cap."""
    rng = np.random.default_rng(seed)
    rho = population_rate(where["model"], where["norm_beta"], where["norm_w"], where["angle"])
    rows = []
    for replicate in range(replicates):
        hat = np.clip(rho * np.exp(0.05 * rng.normal()), 0.02, 0.9999)
        jacobian = hat if fitter == "em" else 1 - (1 - hat) / 5
        steps = np.ceil(3 + 14 / -np.log(jacobian))
        arrived = rng.random() < success
        outcome = "elsewhere" if not arrived else "optimum" if steps < cap else "capped"
        rows.append(
            {**where, "fitter": fitter, "replicate": replicate}
            | _end(outcome, steps, cap)
            | _local(rng, jacobian, hat, outcome == "optimum" and jacobian > 0.05)
            | _limit(rng, where, outcome, hat)
            | {"iterations_to_tolerance": steps if outcome == "optimum" else np.nan}
            | {"entry": steps // 2 if outcome == "optimum" else np.nan}
            | _certificate(rng, fitter)
        )
    return pd.DataFrame(rows)


def _end(outcome, steps, cap):
    status = "max_iterations" if outcome == "capped" else "converged"
    iterations = int(cap if outcome == "capped" else min(2 * steps, cap))
    return {"outcome": outcome, "status": status, "iterations": iterations}


def _local(rng, jacobian, hat, resolved):
    rate = jacobian * 10 ** (2e-5 * rng.normal()) if resolved else np.nan
    predicted = jacobian if resolved else np.nan
    slope = 2 + 0.02 * rng.normal()
    found = {"rate": rate, "rate_predicted": predicted, "rho_hat": hat, "defect_slope": slope}
    return found | {"curve_gap": abs(rng.normal()) * 3e-5 if resolved else np.nan}


def _limit(rng, where, outcome, hat):
    error = np.sqrt(where["d"] / where["n"]) * 2 * (1 + where["norm_w"] / 4)
    gap = rng.uniform(2e-3, 0.3) if outcome == "elsewhere" else 0.0
    return {
        "recovery_error": error * np.exp(0.2 * rng.normal()),
        "loss_gap": gap,
        "limit_gradient": 1e-13 * rng.random(),
        "limit_curvature": 0.05 * rng.random() + 0.01,
        "limit_rate": min(0.95, hat * 0.8),
    }


def _certificate(rng, fitter):
    em = fitter == "em"
    columns = {"mirror_residual": 1e-10 * rng.random(), "mirror_steps": float(rng.integers(9, 60))}
    columns |= {"identity_1": 1e-14 * rng.random(), "identity_2": 1e-14 * rng.random()}
    for control, size in [("half_step", 0.5), ("gradient_step", 0.3), ("no_step", 1.0)]:
        columns[f"control_{control}"] = size * (0.9 + 0.1 * rng.random())
    return {name: value if em else np.nan for name, value in columns.items()}


def plane(model, norms_beta, norms_w, angle=45.0, replicates=5, others=None, success=None, **where):
    """Return the runs of EM and GD over a grid of norms; `others`: GD's replicates."""
    parts = []
    for i, beta in enumerate(norms_beta):
        for j, w in enumerate(norms_w):
            at = cell(model, angle=angle, beta=beta, w=w, **where)
            share = (1 - 0.08 * (j + len(norms_beta) - 1 - i)) if success is None else success
            for fitter, count in (("em", replicates), ("gradient_descent", others or replicates)):
                seed = 1000 * i + 10 * j + (fitter != "em")
                parts.append(runs_of(at, count, fitter, seed, share))
    return pd.concat(parts, ignore_index=True)


def lines(axes):
    return {line.get_label(): line for line in axes.get_lines()}


def check_legibility(figure):
    """Texts of 7 points at least, all of it in a column 3.3 inches wide, no panel over another."""
    figure.draw_without_rendering()
    found = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text()]
    assert len(found) > 15 and min(t.get_fontsize() for t in found) >= 7
    width, height = figure.get_size_inches()
    assert width == 3.3 and height <= 5
    box = figure.get_tightbbox(figure.canvas.get_renderer())  # inches
    assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height
    boxes = [axes.get_tightbbox() for axes in figure.axes]
    boxes += [legend.get_window_extent() for legend in figure.legends]
    for one, other in combinations(boxes, 2):
        overlap = min(one.x1, other.x1) - max(one.x0, other.x0)
        assert min(overlap, min(one.y1, other.y1) - max(one.y0, other.y0)) <= 1  # pixels
