"""The figure of the scaling case: CPU seconds by n, d and replicates."""

import pandas as pd
from matplotlib.figure import Figure

from emmoe.figures._shared import style

TITLES = {"n": "(a) observations n", "d": "(b) features d", "replicates": "(c) replicates"}
LOOKS = {
    "EM iteration, linear experts": style.LOOKS["em"],
    "pass, linear experts": style.LOOKS["gradient_em"],
    "pass, images": style.OTHERS[0],
}


@style.context()
def draw(points: pd.DataFrame) -> Figure:
    """Return the figure from the table `scaling`: medians and ranges of CPU seconds on log axes,
    fitted exponents at the curves."""
    figure = style.column(3 * 1.25 + 0.95)
    panels = figure.subplots(3, 1)
    for axes, (varied, title) in zip(panels, TITLES.items(), strict=True):
        for name, curve in points[points.varied == varied].groupby("curve", sort=False):
            look = LOOKS[name]
            axes.loglog(
                curve["size"], curve.cpu_seconds, color=look.colour, ls=look.line, lw=look.width,
                marker=look.marker, ms=style.READING, label=name if varied == "n" else None,
            )  # fmt: skip
            ranges = curve["size"], curve.cpu_seconds_low, curve.cpu_seconds_high
            axes.vlines(*ranges, color=look.colour, lw=2.5, alpha=0.4)
            last = curve.iloc[-1]
            axes.annotate(
                f"{last.exponent:.2f}", (last["size"], last.cpu_seconds), (-3, 5),
                textcoords="offset points", ha="right", fontsize=style.SMALL, color=look.colour,
            )  # fmt: skip
        axes.set(title=title, ylabel="CPU seconds")
    handles, labels = panels[0].get_legend_handles_labels()
    title = "bars: range of the calls; number at a curve: fitted exponent"
    style.legend(figure, zip(labels, handles, strict=True), 1, title=title)
    exponents = points.groupby(["varied", "curve"])["exponent"].first()
    low, high = exponents.min(), exponents.max()
    style.tell(figure, f"CPU time grows with exponents of {low:.2f} to {high:.2f} (1: in step).")
    return figure
