"""The figure of the scaling case: CPU seconds by n, d and replicates."""

import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
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
    """Return the figure from the table `scaling`: log axes, fitted exponents at the curves."""
    figure = Figure(figsize=(style.PAGE, style.HEIGHT), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, 3, sharey=True)
    for axes, (varied, title) in zip(panels, TITLES.items(), strict=True):
        for name, curve in points[points.varied == varied].groupby("curve", sort=False):
            look = LOOKS[name]
            axes.loglog(
                curve["size"], curve.cpu_seconds, color=look.colour, ls=look.line, lw=look.width,
                marker=look.marker, ms=style.READING, label=name if varied == "n" else None,
            )  # fmt: skip
            last = curve.iloc[-1]
            axes.annotate(
                f"{last.exponent:.2f}", (last["size"], last.cpu_seconds), (-3, 5),
                textcoords="offset points", ha="right", fontsize=style.SMALL, color=look.colour,
            )  # fmt: skip
        axes.set_title(title)
    panels[0].set_ylabel("CPU seconds")
    figure.legend(loc="outside upper center", ncols=3, title="number at a curve: fitted exponent")
    return figure
