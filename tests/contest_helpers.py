"""Made-up rows of contests, whose costs and verdicts a test can tell by hand."""

import numpy as np
import pandas as pd

TARGETS = {"statistical": "p/2n", "numerical": 1e-8}
# The factor by which an iteration shrinks the excess loss, by rival and variant, and its passes.
RIVALS = {
    "em": {"": (0.1, 8.0)},
    "squarem": {"": (0.05, 16.0)},
    "gradient_descent": {"-1": (0.7, 1.0), "+0": (0.5, 1.0), "+1": (1.3, 1.0)},
    "nesterov": {"-1": (0.3, 1.0), "+0": (0.2, 1.0), "+1": (0.4, 1.0)},
}
TUNING = 2


def run(rate, passes, iterations=40, optimum=1.0, budget=150.0, floor=1e-10):
    """Return a run's rows: a loss that falls to the optimum at a linear rate."""
    rows = []
    for t in range(iterations + 1):
        gap = rate**t
        if 1 + t * passes > budget:
            return [row | {"status": "capped"} for row in rows]
        rows.append({"iteration": t, "passes": 1 + t * passes, "loss": optimum + gap})
        if gap <= floor:
            return [row | {"status": "converged"} for row in rows]
    return [row | {"status": "capped"} for row in rows]


def contest(name="fair_near", replicates=6, rivals=RIVALS, seed=0, **facts):
    """Return the rows of a contest; TUNING of its replicates tune, the others compare all steps."""
    rng = np.random.default_rng(seed)
    rows = []
    facts = {
        "model": "symmetric_linear", "start": "near_truth", "norm_beta": 1.25, "norm_w": 1.25,
        "dataset": "synthetic", "data": "abc", "cell": "all",
    } | facts  # fmt: skip
    for replicate in range(replicates):
        phase = "tuning" if replicate < TUNING else "comparison"
        factor = np.exp(0.2 * rng.standard_normal())
        for rival, found in rivals.items():
            for variant, (rate, passes) in found.items():
                exponent = float(variant.split()[-1]) if variant else np.nan
                own = {"rival": rival, "variant": variant, "exponent": exponent}
                for row in run(rate**factor, passes):
                    row |= {"contest": name, "phase": phase, "replicate": replicate} | facts | own
                    rows.append(row | _measures(row))
    return pd.DataFrame(rows)


def _measures(row):
    return {
        "flops": 100 * row["passes"], "cpu_seconds": 1e-3 * row["passes"], "gradient_norm": 0.0,
        "parameters": 10, "observations": 1000, "optimum": 1.0,
        "certified": True, "start_loss": 2.0, "pass_seconds": 1e-3,
    }  # fmt: skip


def scored(rows, best=5):
    """Add validation and test columns: the validation cross entropy is lowest at an iteration."""
    rows = rows.assign(validation_cross_entropy=1 + (rows["iteration"] - best) ** 2 / 100)
    accuracy = 0.8 + 0.02 * (rows["rival"] == "nesterov") + 0.001 * rows["replicate"]
    rows["validation_accuracy"] = accuracy
    rows["test_accuracy"] = accuracy.where(rows["iteration"] == best)
    rows["test_cross_entropy"] = (1 - accuracy).where(rows["iteration"] == best)
    return rows
