"""A fit in words: status, choice of K, experts and gate with intervals, optima, warnings."""

import math

import pandas as pd

from emmoe.mixture.estimators._base import MixtureOfExperts
from emmoe.mixture.estimators.select import Tried

DIGITS = 4
SMALL, LARGE = 1e-2, 1e12  # between them, decimals are the clearer ones
EXPLAINED = {
    "maximum": "a certified maximum of the likelihood",
    "separable": "the likelihood has no finite maximum: the fit that is shown is penalised",
    "degenerate": "an expert's variance went to 0 in all runs: the fit that is shown is penalised",
    "flat": "the data do not tell all parameters: no standard errors",
    "not_converged": "no maximum was reached",
    "online": "it follows rows that came by partial_fit and were not kept",
}

ADVICE = {
    "maximum": "The estimates can be used. A second optimum close to the first, or few hits of the "
    "first, says that other starts (--starts) may find better ones.",
    "separable": "Some experts or the gate can be told apart without any error, so that their "
    "coefficients want to be infinite. Use fewer experts or fewer columns of the gate (--gate).",
    "degenerate": "An expert holds a few rows exactly. Use fewer experts, or look for repeated "
    "rows.",
    "flat": "Different parameters explain the data equally well. Use fewer experts or columns.",
    "not_converged": "Use more starts, or fewer experts or columns.",
    "online": "Optima and starts are those of the first rows. Fit some rows for standard errors.",
}


def model(own: MixtureOfExperts, tried: list[Tried], target: str) -> str:
    """Return what `emmoe fit` prints of a fit."""
    rows, hits = own.effective_rows_, own.basins_
    experts = f"{own.n_experts} expert{'s' * (own.n_experts > 1)}"
    lines = [
        f"{experts} for {target}: {own.status_}, {EXPLAINED[own.status_]}",
        f"log-likelihood {own.loglik_:.{DIGITS + 2}f} nats, {own.n_parameters_} parameters",
        f"rows by expert: {', '.join(f'{count:.1f}' for count in rows)}",
    ]
    if own.status_ != "maximum":
        lines.append(f"what to do: {ADVICE[own.status_]}")
    others = own.warnings_[own.status_ != "maximum" :]  # the first is the status
    lines += [f"warning: {line}" for line in others]
    lines += ["", "by number of experts", text(pd.DataFrame(tried).drop(columns=["aic", "icl"]))]
    lines += ["", f"parameters ({own.covariance} standard errors)", text(parameters(own))]
    lines += ["", f"optima of {len(own.restarts_)} starts", text(hits)]
    return "\n".join(lines)


def parameters(own: MixtureOfExperts) -> pd.DataFrame:
    """Return the estimates with what people read of them; "dropped" for columns that others
    determine."""
    table = own.summary().drop(columns=["z"])
    dropped = {"gate": own.dropped_features_["gate"], "expert": own.dropped_features_["experts"]}
    gone = [row.feature in dropped.get(row.block, ()) for row in table.itertuples()]
    table["estimate"] = table["estimate"].astype(object).mask(gone, "dropped")
    return table


def text(table: pd.DataFrame) -> str:
    """Return a table as text, as wide as it is; "-" where nothing is known."""
    shown = {name: [_cell(cell) for cell in column] for name, column in table.items()}
    return pd.DataFrame(shown).to_string(index=False)


def _cell(cell: object) -> str:
    """A number to DIGITS decimals, or to as many digits where it is small or large."""
    if cell is None or not isinstance(cell, float):
        return "-" if cell is None else str(cell)
    if cell != cell:
        return "-"
    plain = cell == 0 or SMALL <= abs(cell) < LARGE or not math.isfinite(cell)
    return f"{cell:.{DIGITS}f}" if plain else f"{cell:.{DIGITS}g}"
