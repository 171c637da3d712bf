"""A fit in words: status, choice of K, experts and gate with intervals, optima, warnings."""

import pandas as pd

from emmoe.mixture.estimators._base import MixtureOfExperts

DIGITS = 4
EXPLAINED = {
    "maximum": "a certified maximum of the likelihood",
    "separable": "the likelihood has no finite maximum: the fit that is shown is penalised",
    "degenerate": "an expert's variance went to 0 in all runs: the fit that is shown is penalised",
    "flat": "the data do not tell all parameters: no standard errors",
    "not_converged": "no maximum was reached",
    "online": "it follows rows that came by partial_fit and were not kept",
}


def model(own: MixtureOfExperts, tried: pd.DataFrame, target: str) -> str:
    """Return what `emmoe fit` prints of a fit."""
    rows, hits = own.effective_rows_, own.basins_
    lines = [
        f"{own.n_experts} experts for {target}: {own.status_}, {EXPLAINED[own.status_]}",
        f"log-likelihood {own.loglik_:.{DIGITS + 2}f} nats, {own.n_parameters_} parameters",
        f"rows by expert: {', '.join(f'{count:.1f}' for count in rows)}",
    ]
    others = own.warnings_[own.status_ != "maximum" :]  # the first is the status
    lines += [f"warning: {line}" for line in others]
    lines += ["", "by number of experts", text(tried.drop(columns=["aic", "icl"]))]
    lines += ["", f"parameters ({own.covariance} standard errors)", text(parameters(own))]
    lines += ["", f"optima of {len(own.restarts_)} starts", text(hits)]
    return "\n".join(lines)


def parameters(own: MixtureOfExperts) -> pd.DataFrame:
    """Return the estimates with what people read of them."""
    return own.summary().drop(columns=["z"])


def text(table: pd.DataFrame) -> str:
    """Return a table as text, as wide as it is."""
    return table.to_string(index=False, float_format=lambda x: f"{x:.{DIGITS}f}", na_rep="-")
