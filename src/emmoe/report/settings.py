"""The settings of the paper's experiments, each with where it comes from.

stated      the paper says so
inferred    it does not: the value was chosen for the reason given
calibrated  inferred, and searched: with the range of the settings that were accepted
ours        no setting of the paper: how we run it, or a run of our own beside it
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from emmoe.record.entries import Record, written
from emmoe.report.products import papers
from emmoe.store.layout import Layout

MARKS = ("stated", "inferred", "calibrated", "ours")
STATED = {
    "model.name", "model.experts", "model.classes", "data.name", "replicates", "iterations",
}  # fmt: skip
ALGORITHMS = {
    f"fitters.{name}.algorithm": name for name in ("em", "gradient_em", "gradient_descent")
}
# Columns of the calibration's settings.csv by the setting that they stand for.
CALIBRATED = {
    "data.d": "d",
    "data.norm_beta": "norm_beta",
    "data.norm_w": "norm_w",
    "start.distance.beta": "start_beta",
    "start.distance.w": "start_w",
}


class Setting(NamedTuple):
    """A setting of an experiment: path, value, mark (of MARKS), reason, accepted range or ""."""

    path: str
    value: str
    mark: str
    reason: str
    accepted: str


def calibration(layout: Layout) -> Path | None:
    """Return the calibration's table of settings, the reference's if need be."""
    found = (Path(own.calibration()["settings"]) for own in (layout, layout.reference))
    return next((path for path in found if path.is_file()), None)


def settings(record: Record, layout: Layout) -> dict[str, list[Setting]]:
    """Return every setting of the experiments that the paper's own figures and tables show."""
    file, shown = calibration(layout), papers(record)
    found = None if file is None else pd.read_csv(file)
    return {
        name: [
            _setting(record, name, path, value, found)
            for path, value in _leaves("", written(experiment))
        ]
        for name, experiment in record.experiments.items()
        if name in shown
    }


def _leaves(path: str, node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, Mapping) and node:
        for key, value in node.items():
            yield from _leaves(f"{path}.{key}".lstrip("."), value)
    else:
        yield path, node


def origin(record: Record, experiment: str, path: str, value: Any) -> tuple[str, str]:
    """Return whether a setting of an experiment is stated, inferred or ours, and why it was chosen
    if it is inferred; path: below the experiment."""
    if experiment in papers(record) and (path in STATED or ALGORITHMS.get(path, "") == value):
        return "stated", ""
    reason = _reason(record.inferred, f"experiments.{experiment}.{path}")
    return ("inferred" if reason else "ours"), reason


def _setting(
    record: Record, name: str, path: str, value: Any, found: pd.DataFrame | None
) -> Setting:
    mark, reason = origin(record, name, path, value)
    accepted = "" if found is None else _accepted(found, name, path)
    mark = "calibrated" if accepted else mark
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return Setting(path, "none" if value in (None, []) else text, mark, reason, accepted)


def _reason(inferred: Mapping[str, str], path: str) -> str:
    """Why a setting, or what it belongs to, was chosen; empty if it is not inferred."""
    return next((why for key, why in inferred.items() if f"{path}.".startswith(f"{key}.")), "")


def _accepted(found: pd.DataFrame, experiment: str, path: str) -> str:
    """The range of a setting over those that the calibration accepted, as text."""
    own = found[(found["family"] == experiment) & found["accepted"].astype(bool)]
    parts = path.split(".")
    own = own[own["algorithm"] == (parts[1] if parts[0] == "fitters" else "em")]
    ranges = {column: _range(own, column) for column in _columns(path)}
    if path == "data.n" and {"d", "n_over_d"} <= set(own):
        ranges = {"": _span(own["d"] * own["n_over_d"])}
    known = {column: text for column, text in ranges.items() if text}
    return "; ".join(
        f"{c.replace('_', ' ')} {t}" if len(known) > 1 else t for c, t in known.items()
    )


def _columns(path: str) -> list[str]:
    """The columns of the calibration that stand for a setting."""
    parts = path.split(".")
    if path in CALIBRATED:
        column = CALIBRATED[path]
        return [column, f"{column}_sd"] if parts[0] == "start" else [column]
    if parts[0] == "fitters" and parts[2:] == ["inner_steps"]:
        return ["inner_steps"]
    if parts[0] == "fitters" and parts[2:3] == ["step"]:
        blocks = parts[3:] or ["beta", "w", "gate", "experts"]
        return [f"step_{block}" for block in blocks]
    return []


def _range(own: pd.DataFrame, column: str) -> str:
    return _span(own[column]) if column in own else ""


def _span(values: pd.Series) -> str:
    values = values.dropna().astype(float)
    return f"{values.min():.4g} to {values.max():.4g}" if len(values) else ""
