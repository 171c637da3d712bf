"""F9: EM's loss falls below the truth's in every sample, by as much as theory says."""

from typing import Annotated

import numpy as np
import pandas as pd
from scipy.stats import chi2, kstest

from emmoe.evidence import reported as paper
from emmoe.findings.base import Finding, digits
from emmoe.record.reads import Reads, Reported
from emmoe.tables._shared.traces import of_fitter

TITLE = "EM's loss must fall below the truth's"
CLAIM = (
    "EM's final loss is below L(theta*) in every instance, and 2n times the gap is about "
    "chi-square distributed with as many degrees of freedom as theta has entries."
)
METRIC = "excess_loss_to_truth"
LEVEL = 0.01  # of the Kolmogorov-Smirnov test


def find(
    *,
    trace: Annotated[
        pd.DataFrame, Reads("trace", columns=[METRIC], fitters=("em",), one_cell=True)
    ],
    runs: Annotated[pd.DataFrame, Reads("runs", columns=["n", "d"], one_cell=True)],
    reported: Reported,
) -> Finding:
    """Return the finding; trace, runs: of two symmetric experts; reported:
    data/reported/claims.csv."""
    own = of_fitter(trace, "em").sort_values("iteration")
    size = runs.iloc[0]
    freedom = 2 * int(size["d"])
    gaps = own.groupby("replicate")[METRIC].last()
    statistic = -2 * int(size["n"]) * gaps
    mean = own.groupby("iteration")[METRIC].mean()
    numbers = {
        "instances": len(gaps), "below": int((gaps < 0).sum()), "freedom": freedom,
        "gap_mean": float(gaps.mean()), "gap_expected": -freedom / (2 * int(size["n"])),
        "statistic_mean": float(statistic.mean()), "statistic_sd": float(statistic.std()),
        "ks_p": float(kstest(statistic, chi2(freedom).cdf).pvalue),
        "first_mean_below": _first(mean < 0), "reported_first_below": _reported_first(reported),
    }  # fmt: skip
    everywhere, like = numbers["below"] == numbers["instances"], numbers["ks_p"] >= LEVEL
    return Finding("F9", TITLE, CLAIM, _text(numbers, everywhere, like),
                   bool(everywhere and like), numbers)  # fmt: skip


def _first(below: pd.Series) -> int | None:
    return int(below.index[below][0]) if below.any() else None


def _reported_first(reported: pd.DataFrame) -> int | None:
    """The iteration (ours) at which the reported curve of EM has left the log axis."""
    read = paper.plotted(paper.load(reported), "figure_1")
    rows = read[(read["algorithm"] == "em") & (read["metric"] == METRIC)].sort_values("iteration")
    return _first(~(rows.set_index("iteration")["value"] > 0))


def _text(numbers: dict, everywhere: bool, like: bool) -> str:
    freedom, standard = numbers["freedom"], np.sqrt(2 * numbers["freedom"])
    text = (
        f"In {'all' if everywhere else numbers['below']} {'' if everywhere else 'of '}"
        f"{numbers['instances']} instances EM ends below the truth's loss, on average "
        f"{digits(-numbers['gap_mean'])} nats below; theory says p/(2n) = "
        f"{digits(-numbers['gap_expected'])}. 2n times the gap has mean "
        f"{digits(numbers['statistic_mean'], 3)} and standard deviation "
        f"{digits(numbers['statistic_sd'])}; chi-square with {freedom} degrees of freedom has "
        f"{freedom} and {digits(standard)}, and a Kolmogorov-Smirnov test against it gives p = "
        f"{digits(numbers['ks_p'])}"
    )
    text += ". " if like else ": the distribution is another one. "
    ours, theirs = numbers["first_mean_below"], numbers["reported_first_below"]
    if ours is None:
        return text + "The mean curve does not cross zero."
    text += f"Our mean curve is below zero from iteration {ours} on"
    if theirs is None:
        return text + "; the reported one never leaves the log axis."
    return text + f"; the reported one has left the log axis at iteration {theirs} (in our count)."
