"""The paper's curves and table, as read from its poster and slides, in our names and our clock.

Figures 1 and 2 plot only the odd iterations 1, 3, ..., 99, and their iteration 1 is the common
start: our iteration is theirs minus one. Figure 3 and Table 2 count the start as iteration 0.
"""

import pandas as pd

from emmoe.errors import DataError

COLUMNS = [
    "figure", "panel", "algorithm", "metric", "iteration", "value", "low", "high",
    "read_uncertainty", "source", "note", "interpolated",
]  # fmt: skip
ALGORITHMS = {
    "EM": "em",
    "GradEM": "gradient_em",
    "Gradient EM": "gradient_em",
    "GD": "gradient_descent",
    "Gradient Descent": "gradient_descent",
}
METRICS = {
    "L_t-Lstar": "excess_loss_to_truth",
    "L_t-L_T": "excess_loss_to_final",
    "beta_rel_err": "relative_error_beta",
    "w_rel_err": "relative_error_w",
    "test accuracy": "test_accuracy",
    "cross entropy": "loss",
}
FIGURES = {"1": "figure_1", "2": "figure_2", "fig3": "figure_3", "table2": "table_2"}
FIRST_ITERATION = {"figure_1": 1, "figure_2": 1, "figure_3": 0, "table_2": 0}


def load(*frames: pd.DataFrame) -> pd.DataFrame:
    """Return the readings of one or both files of data/reported/ as one frame with COLUMNS.

    Each frame is a file as read by pandas; one that is tidy already is kept as it is.

    figure, panel: e.g. figure_1, 1a; algorithm, metric: our names; iteration: ours;
    value, low, high, read_uncertainty: in the metric's unit (nats, fraction), NaN if not readable;
    source: poster, slides or slides table (printed), empty for Figures 1 and 2;
    interpolated: the file's value is no point of the plot, but filled in from its neighbours.
    Raises DataError on a column or a name that is not known.
    """
    return pd.concat([_tidy(frame) for frame in frames], ignore_index=True)


def _tidy(frame: pd.DataFrame) -> pd.DataFrame:
    if list(frame.columns) == COLUMNS:
        return frame
    needed = set(COLUMNS) - {"source", "note", "interpolated"}
    if missing := sorted(needed - set(frame.columns)):
        raise DataError(f"reported values: no column {', '.join(missing)}: see data/reported/")
    figure = _renamed(frame["figure"].astype(str), FIGURES)
    first = figure.map(FIRST_ITERATION)
    tidy = frame.assign(
        figure=figure,
        panel=frame["panel"].replace(FIGURES),
        algorithm=_renamed(frame["algorithm"], ALGORITHMS),
        metric=_renamed(frame["metric"], METRICS),
        iteration=frame["iteration"] - first,
        source=_text(frame, "source"),
        note=_text(frame, "note"),
        # Where iteration 1 comes first only odd ones are plotted: the even ones were filled in,
        # iteration 100 as a copy of 99.
        interpolated=(first == 1) & (frame["iteration"] % 2 == 0),
    )
    return tidy[COLUMNS]


def _renamed(column: pd.Series, names: dict[str, str]) -> pd.Series:
    if unknown := sorted(set(column) - set(names)):
        raise DataError(
            f"reported values: {column.name} {unknown[0]!r} is not one of {', '.join(names)}"
        )
    return column.map(names)


def _text(frame: pd.DataFrame, column: str) -> pd.Series:
    if column not in frame:
        return pd.Series("", index=frame.index)
    return frame[column].fillna("")


def plotted(reported: pd.DataFrame, figure: str) -> pd.DataFrame:
    """Return the rows of a figure that are points of the plot, values not readable included."""
    return reported[(reported["figure"] == figure) & ~reported["interpolated"]]
