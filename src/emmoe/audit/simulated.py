"""Simulations as the audit keeps them: of searched settings, of winners on fresh seeds, of ours."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from emmoe.audit.panels import Effective, Predicted, effective_number, errors
from emmoe.audit.parts import Part, Parts, Setup, test
from emmoe.audit.runs import Run, Runs, at

OURS, AGAIN = "our run", "again"


class Simulated(NamedTuple):
    """predicted: by curve; effective: by (setting, curve, part), how many readings the part had
    when it was simulated, and how many of them are effectively independent."""

    predicted: Mapping[str, Predicted]
    effective: Effective


def of_tables(
    predictions: pd.DataFrame, scores: pd.DataFrame, parts: Parts, level: float
) -> Simulated:
    """Take tables of the calibration: predictions (setting, curve_id, iteration, mean, std,
    replicates) and scores (setting, curve_id, part, readings, critical)."""
    predicted = {c: Predicted.of(rows) for c, rows in predictions.groupby("curve_id")}
    effective: dict[tuple[str, str, str], tuple[int, float]] = {}
    for (curve, name), rows in scores.groupby(["curve_id", "part"]):
        if (curve, name) in parts and curve in predicted:
            effective |= _effective(predicted[curve], parts[curve, name], rows, level)
    return Simulated(predicted, effective)


def _effective(
    predicted: Predicted, part: Part, scores: pd.DataFrame, level: float
) -> dict[tuple[str, str, str], tuple[int, float]]:
    own = scores.set_index("setting").reindex(predicted.names)
    positions = predicted.positions(part)
    if positions is None:
        return {}
    _, freedom = errors(predicted.std[:, positions], predicted.replicates, part)
    count = effective_number(own["critical"].to_numpy(float), freedom, level)
    rows = zip(predicted.names, own["readings"], count, strict=True)
    return {
        (name, part.curve_id, part.part): (int(readings), float(independent))
        for name, readings, independent in rows
        if np.isfinite(independent)
    }


def of_run(
    run: Run, name: str, parts: Iterable[Part], runs: Runs, setup: Setup
) -> Simulated | None:
    """Take our runs of a (model, fitter) at the readings of some parts; None if they reach none."""
    predicted, effective = {}, {}
    for part in parts:
        values = at(runs.values(run, part.metric), part.readings["iteration"])
        if len(values) >= 2:
            predicted.setdefault(part.predicted_as, []).append(_rows(name, values))
            effective[name, part.predicted_as, part.part] = _tested(part, values, setup)
    tables = {c: pd.concat(rows).drop_duplicates("iteration") for c, rows in predicted.items()}
    found = {curve: Predicted.of(rows) for curve, rows in tables.items()}
    return Simulated(found, effective) if found else None


def _rows(name: str, values: pd.DataFrame) -> pd.DataFrame:
    std = values.std(ddof=1).where(values.max() > values.min(), 0.0)  # equal values have none
    table = pd.DataFrame({"mean": values.mean(), "std": std})
    return table.rename_axis("iteration").reset_index().assign(setting=name, replicates=len(values))


def _tested(part: Part, values: pd.DataFrame, setup: Setup) -> tuple[int, float]:
    """How many readings a part has, and how many of them are independent in our runs."""
    found = test(part, values.to_numpy(), setup)
    std = values.std(ddof=1).to_numpy()[None, :]
    _, freedom = errors(std, np.array([len(values)], float), part)
    count = effective_number(np.array([found.critical]), freedom, setup.level)
    return len(part.readings), float(count[0])
