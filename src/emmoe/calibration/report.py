"""The page that tells a reader what the calibration searched, accepted and predicts."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from emmoe.calibration.bands import CROSS_ENTROPY, PARAMETERS, region
from emmoe.calibration.family import Family
from emmoe.calibration.readings import CALIBRATION, HELD_OUT
from emmoe.calibration.spreads import LIMIT
from emmoe.record.searches import DataSearch
from emmoe.tables._shared.write import markdown


def text(
    families: Mapping[str, Family],
    settings: pd.DataFrame,
    scores: pd.DataFrame,
    predictions: pd.DataFrame,
    bands: pd.DataFrame,
) -> str:
    """Return calibrate.md."""
    parts = [INTRODUCTION]
    for name, family in families.items():
        mine = settings[settings["family"] == name]
        own = scores[scores["setting"].isin(mine["setting"])]
        of_band = bands[bands["curve_id"].str.startswith(family.search.figures)]
        held_out = _held_out(mine, own, predictions, of_band)
        parts += [f"## {name}\n", _declared(family), "### Accepted settings\n"]
        parts += [markdown(_counts(mine, own)), "### What the accepted settings are\n", CUT]
        parts += [markdown(_ranges(mine, family)), "### Held-out readings\n"]
        parts += [HELD_OUT_TEXT, markdown(held_out), _unmet(own, of_band)]
        if family.search.halving:
            parts += [JOINTLY_TEXT, markdown(jointly(mine, own).head(NEAREST))]
        elif family.search.data and family.search.data.choices:
            parts += [CHOICES_TEXT, markdown(by_choice(mine, family.search.data))]
            parts += [
                TOGETHER_TEXT,
                markdown(together(mine, own, family.search.data).head(NEAREST)),
            ]
    return "\n".join(parts)


INTRODUCTION = """# Calibration: which settings could have drawn the paper's curves

The paper does not state these settings. Here they are drawn or listed, simulated, and accepted if
they meet the calibration readings of their algorithm's curves; no other reading was used. A curve
is met if its largest |z| is at most its critical value (`emmoe.evidence.statistics.curve_test`) and
its standard deviations are within a factor 3 of the reported ones (`emmoe.calibration.spreads`).
Settings are simulated in stages, the first ones short, and dropped as soon as their means fail.
`settings.csv` holds every setting, `scores.csv` its tests, `predictions.parquet` what the settings
that passed predict at all readings, `bands.csv` the bands.
"""
CUT = """`reach` is the number of inner steps times the step. `cut` says at which end the accepted
range comes within a tenth (in logarithms) of that of the declared one: it may go on beyond.
"""
HELD_OUT_TEXT = """A band spans the predictions of all accepted settings, with the sampling errors
of both means; where none is accepted jointly, of those accepted for the curve alone. `met by`
counts, of the settings in the band, those that meet all held-out readings of the curve.
"""
JOINTLY_TEXT = """### Nearest, all algorithms and curves at once

Of the data points simulated in full, under each cross entropy that may be the one reported: by
algorithm its nearest setting's largest |z| over the critical value, on all calibration readings.
All at most 1 would be one setting for the whole figure.
"""
CHOICES_TEXT = """### Accepted by choice

`searched` and `accepted` count EM's settings. `tried with steps`: those of the accepted at which
the steps of the gradient fitters were searched, chosen to spread over all that was searched, and of
them those at which some setting of the algorithm was accepted.
"""
TOGETHER_TEXT = """### Nearest, all algorithms and curves at once, held-out readings too

By data setting at which the steps were searched, and algorithm: of its settings accepted by the
calibration readings the nearest one's largest |z| over the critical value or, if that is larger,
its largest factor between standard deviations over 3, on all readings of all its curves. All at
most 1 would be one data setting for both figures; but held-out readings choose here too, among many
settings, so that it would have to be tried on fresh seeds.
"""
NEAREST = 10


def _declared(family: Family) -> str:
    """The declarations of config.yaml that make the result."""
    read = (
        f"{f}, iterations {', '.join(map(str, i))}" for f, i in family.search.calibration.items()
    )
    rungs = family.search.halving.rungs if family.search.halving else ()
    stages = (
        f"{stage.replicates} instances to iteration {stage.iterations}"
        for stage in (*rungs, *family.search.stages)
    )
    return (
        f"Calibration readings (ours count the start as 0): {'; '.join(read)}.\n"
        f"Stages: {'; '.join(stages)}.\n"
        f"To go on, a setting must meet {family.search.passes} of its algorithm's curves.\n"
    )


def _counts(settings: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """By algorithm: settings searched and accepted, and accepted by each calibration curve."""
    calibration = scores[scores["part"] == CALIBRATION]
    rows = []
    for algorithm, mine in settings.groupby("algorithm", sort=False):
        own = calibration[calibration["setting"].isin(mine["setting"])]
        row = {"algorithm": algorithm, "searched": len(mine), "accepted": mine["accepted"].sum()}
        for curve, part in own.groupby("curve_id"):
            rows.append(row | {"curve": curve, "accepted for it": int(part["met"].sum())})
    return pd.DataFrame(rows)


def _ranges(settings: pd.DataFrame, family: Family) -> pd.DataFrame:
    """By algorithm and declared parameter: the range searched, and what was accepted of it."""
    rows = []
    for algorithm, mine in settings.groupby("algorithm", sort=False):
        values = _values(mine[mine["accepted"]])
        for name, (low, high) in declared(family, algorithm).items():
            kept = values[name].dropna()
            row = {"algorithm": algorithm, "parameter": name}
            row |= {"searched from": float(low), "searched to": float(high)}
            row |= {"accepted from": kept.min(), "median": kept.median(), "accepted to": kept.max()}
            rows.append(row | {"cut": _cut(low, high, kept)})
    return pd.DataFrame(rows)


def declared(family: Family, algorithm: str) -> dict[str, tuple[float, float]]:
    """Return the range that config.yaml declares for each parameter of an algorithm's search."""
    if family.search.halving:
        own = family.search.halving.steps["em" if algorithm == "em" else "one_step"]
        choices = family.search.halving.choices
        lists = {"inner_steps": own.inner_steps, "reach_experts": own.reach}
        lists |= {"gate_ratio": own.gate_ratio, "train_size": choices.train_size}
        lists |= {"start_variance": choices.start_variance, "ridge": choices.ridge}
        lists |= {"intercept": choices.intercept}
    elif family.search.grids:
        grid = family.search.grids["em" if algorithm == "em" else "one_step"]
        lists = {"inner_steps": grid.inner_steps, "reach_experts": grid.reach}
        lists |= {"step_experts": grid.step, "gate_ratio": grid.gate_ratio}
    else:
        lists = dict(family.search.data.ranges)
        if algorithm in family.search.steps:
            search = family.search.steps[algorithm]
            lists["inner_steps"] = search.inner_steps
            lists |= {f"reach_{block}": limits for block, limits in search.reach.items()}
    return {name: (min(values), max(values)) for name, values in lists.items() if values}


def _values(settings: pd.DataFrame) -> pd.DataFrame:
    """The parameters as numbers, with those that are declared but only follow from them."""
    values = settings[PARAMETERS].astype(float)
    for block in ("beta", "w", "experts"):
        values[f"reach_{block}"] = values["inner_steps"] * values[f"step_{block}"]
    return values.assign(gate_ratio=values["step_gate"] / values["step_experts"])


def _cut(low: float, high: float, kept: pd.Series) -> str:
    """At which ends the accepted values come close to those of the range."""
    if kept.empty or low == high or low <= 0:
        return ""
    tenth = (high / low) ** 0.1
    ends = {"below": kept.min() < tenth * low, "above": kept.max() > high / tenth}
    return " and ".join(name for name, cut in ends.items() if cut)


def _held_out(
    settings: pd.DataFrame, scores: pd.DataFrame, predictions: pd.DataFrame, bands: pd.DataFrame
) -> pd.DataFrame:
    """By curve: settings in the band, held-out readings, those outside it, settings that meet."""
    rows = []
    for curve, band in bands.groupby("curve_id", sort=False):
        held = band[band["part"] == HELD_OUT]
        outside = (held["reported"] < held["low"]) | (held["reported"] > held["high"])
        accepted, names = region(settings, scores, predictions, curve)
        own = scores[(scores["curve_id"] == curve) & (scores["part"] == HELD_OUT)]
        met = own[own["setting"].isin(names)]["met"].sum()
        row = {"curve": curve, "settings": len(names), "accepted": accepted}
        row |= {"readings": len(held), "outside the band": int(outside.sum()) if names else None}
        rows.append(row | {"met by": int(met) if names else None})
    return pd.DataFrame(rows).astype({"outside the band": "Int64", "met by": "Int64"})


def jointly(settings: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Return the data points that were simulated in full, nearest first: what they share, and by
    algorithm the ratio of its nearest setting's statistic to the critical value."""
    finished = scores[scores["setting"].isin(scores[scores["part"] == HELD_OUT]["setting"])]
    own = finished[finished["part"] == CALIBRATION]
    ratio = (own["statistic"] / own["critical"]).groupby(own["setting"]).max().rename("ratio")
    shared = ["train_size", "start_variance", "ridge", "intercept", CROSS_ENTROPY]
    rows = settings.merge(ratio, left_on="setting", right_index=True)
    table = rows.pivot_table(index=shared, columns="algorithm", values="ratio", aggfunc="min")
    worst = table.max(axis=1, skipna=False).rename("worst")
    return table.assign(worst=worst).sort_values("worst").reset_index()


def by_choice(settings: pd.DataFrame, search: DataSearch) -> pd.DataFrame:
    """By choice and value: EM's settings searched and accepted; the data settings of them at which
    steps were searched, and by algorithm those where one was accepted."""
    own = settings.assign(point=_point(settings))
    em, others = own[own["algorithm"] == "em"], own[own["algorithm"] != "em"]
    rows = []
    for name, values in (search.choices or {}).items():
        for value in values:
            mine = em[em[name] == value]
            tried = others[others["point"].isin(mine["point"])]
            row = {"choice": name, "value": str(value), "searched": len(mine)}
            row |= {"accepted": int(mine["accepted"].sum())}
            row |= {"tried with steps": tried["point"].nunique()}
            for algorithm, found in tried.groupby("algorithm"):
                row[algorithm] = found[found["accepted"]]["point"].nunique()
            rows.append(row)
    counts = pd.DataFrame(rows)
    return counts.fillna(dict.fromkeys(others["algorithm"].unique(), 0)).convert_dtypes()


def together(settings: pd.DataFrame, scores: pd.DataFrame, search: DataSearch) -> pd.DataFrame:
    """Return the data settings at which steps were searched, nearest first: their parameters, and
    by algorithm the smallest over its accepted settings of the largest |z| over the critical value,
    or spread over its limit, on all readings; infinite where none was accepted or a run diverged.
    """
    own = settings.assign(point=_point(settings))
    tried = own[own["algorithm"] != "em"]["point"].unique()
    largest = np.maximum(scores["statistic"] / scores["critical"], scores["spread"] / LIMIT)
    ratio = largest.fillna(np.inf).groupby(scores["setting"]).max()
    kept = own[own["accepted"]].merge(ratio.rename("ratio"), left_on="setting", right_index=True)
    table = kept.pivot_table(index="point", columns="algorithm", values="ratio", aggfunc="min")
    table = table.reindex(index=tried, columns=own["algorithm"].unique()).fillna(np.inf)
    names = [*search.ranges, *(search.choices or {})]
    shared = own.drop_duplicates("point").set_index("point")[names]
    found = table.assign(worst=table.max(axis=1)).join(shared)
    return found.sort_values("worst", kind="stable").reset_index(names="data setting")


def _point(settings: pd.DataFrame) -> pd.Series:
    """The name of the data setting of each setting of symmetric_linear's search."""
    return settings["setting"].str.extract(r"^(linear-\d+)-", expand=False)


def _unmet(scores: pd.DataFrame, bands: pd.DataFrame) -> str:
    """What no setting meets."""
    met = scores[scores["met"].astype(bool)]
    lines = []
    for part, what in ((CALIBRATION, "calibration"), (HELD_OUT, "held-out")):
        having = set(bands[bands["part"] == part]["curve_id"])
        none = sorted(having - set(met[met["part"] == part]["curve_id"]))
        lines.append(f"No setting meets the {what} readings of: {', '.join(none) or '(none)'}.")
    return "\n".join(lines) + "\n"
