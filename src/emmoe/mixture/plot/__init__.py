"""Figures of a fit, each drawn on given axes or new ones, which it returns. Needs matplotlib.

from emmoe import plot
plot.fit(model, X, y, "age")        the data, the experts, the mean and its interval
plot.gate(model, X, "age")          each expert's probability
plot.coefficients(model)            estimates with intervals
plot.optima(model)                  where the starts ended
plot.residuals(model, X, y)         residuals by expert
plot.criterion(table)               what `select_n_experts` compared
"""

from emmoe.mixture.plot.curves import fit, gate
from emmoe.mixture.plot.estimates import coefficients, criterion, optima, residuals

__all__ = ["coefficients", "criterion", "fit", "gate", "optima", "residuals"]
