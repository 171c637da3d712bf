"""What findings and figures read off summaries and traces: one fitter's curve, and its mean."""

import numpy as np
import pandas as pd

from emmoe.store.errors import DataError

# The fitters of the experiment that asks which setting draws Figure 1a's curve of GD.
SLOW, FAST = "gradient_descent", "fast_gate"
LOSS, GATE = "excess_loss_to_truth", "relative_error_w"


def curve(summary: pd.DataFrame, fitter: str, metric: str) -> pd.Series:
    """Return a summary's mean by iteration; raises DataError if there is none."""
    rows = summary[(summary["fitter"] == fitter) & (summary["metric"] == metric)]
    if rows.empty:
        raise DataError(f"summary: no {metric} of fitter {fitter!r}: is it in the experiment?")
    return rows.set_index("iteration")["mean"].sort_index()


def of_fitter(table: pd.DataFrame, fitter: str) -> pd.DataFrame:
    """Return a fitter's rows of a table of traces or runs; raises DataError if there are none."""
    rows = table[table["fitter"] == fitter]
    if rows.empty:
        raise DataError(f"no run of the fitter {fitter!r}: is it in the experiment?")
    return rows


def mean_curve(trace: pd.DataFrame, fitter: str, metric: str) -> pd.Series:
    """Return a trace's mean over replicates by iteration."""
    return of_fitter(trace, fitter).groupby("iteration")[metric].mean()


def excess_losses(trace: pd.DataFrame, runs: pd.DataFrame) -> dict[str, pd.Series]:
    """Return mean excess losses by iteration: of GD ("slow"), of GD with the gate taken as known
    ("true_gate", from the analysis of that name), and of GD with the larger gate step ("fast")."""
    lists = of_fitter(runs, SLOW)["excess_loss_true_gate"]
    true_gate = pd.Series(np.mean(np.stack(lists.to_list()), axis=0))
    slow, fast = (mean_curve(trace, fitter, LOSS) for fitter in (SLOW, FAST))
    return {"slow": slow, "true_gate": true_gate, "fast": fast}
