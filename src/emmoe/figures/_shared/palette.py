"""How each algorithm is drawn, the same in every figure and on the report's page.

Colours are Okabe and Ito's (2008), safe for the colour-blind; line styles and markers tell curves
apart in grey.
"""

from collections.abc import Collection
from itertools import cycle
from typing import NamedTuple


class Look(NamedTuple):
    """How one algorithm is drawn; width in points."""

    colour: str
    line: str | tuple
    marker: str
    width: float = 1.4


# EM's family in blues and black; the others have other colours and broken lines.
LOOKS = {
    "em": Look("#0072B2", "-", "o", 1.6),
    "em_solved": Look("#1B2A49", (0, (1, 1)), "D", 1.1),
    "em_loose": Look("#0072B2", (0, (1, 0.8)), "d", 1.6),
    "em_inexact": Look("#56B4E9", "-", "P", 1.6),
    "preconditioned": Look("#56B4E9", (0, (6, 1)), "X"),
    "em_newton": Look("#56B4E9", (0, (5, 1, 1, 1)), "x"),
    "squarem": Look("#222222", "-", "*", 1.1),
    "gradient_em": Look("#D55E00", (0, (4, 1.2)), "s"),
    "gradient_descent": Look("#CC79A7", (0, (5, 1.2, 1.2, 1.2)), "^"),
    "gradient_descent_blocks": Look("#CC79A7", (0, (1.5, 1)), "v", 1.2),
    "backtracking": Look("#E69F00", (0, (3, 1, 1, 1, 1, 1)), "<", 1.2),
    "whitened_gradient_descent": Look("#CC79A7", (0, (8, 1)), "1", 1.6),
    "nesterov": Look("#8C510A", (0, (4, 1.2)), ">", 1.2),
    "whitened_nesterov": Look("#8C510A", (0, (8, 1)), "2", 1.6),
    "adam": Look("#009E73", (0, (7, 2)), "H", 1.2),
    "sgd": Look("#5A5A5A", (0, (2, 1)), "p", 1.2),
    "lbfgs": Look("#7B3294", (0, (6, 1, 1, 1)), "h", 1.2),
    "whitened_lbfgs": Look("#7B3294", (0, (8, 1)), "3", 1.6),
    "truncated_newton": Look("#B8A000", (0, (3, 1)), "4", 1.2),
    "whitened_truncated_newton": Look("#B8A000", (0, (8, 1)), "+", 1.6),
}
OTHERS = [
    Look("#009E73", (0, (7, 2)), "v"),
    Look("#E69F00", (0, (3, 1, 1, 1, 1, 1)), "P"),
    Look("#56B4E9", (0, (2, 1)), "X"),
    Look("#666666", (0, (8, 1, 2, 1)), "*"),
]


def looks(fitters: Collection[str]) -> dict[str, Look]:
    """Return how each fitter is drawn; those without a look of their own share what OTHERS has in
    colours that the figure does not use yet."""
    known = {fitter: LOOKS[fitter] for fitter in fitters if fitter in LOOKS}
    taken = {look.colour for look in known.values()}
    spare = cycle([look for look in OTHERS if look.colour not in taken] or OTHERS)
    return {fitter: known.get(fitter) or next(spare) for fitter in fitters}
