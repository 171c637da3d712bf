"""What the figures of the sweeps share: names for people."""

from collections.abc import Iterable, Mapping

import pandas as pd

MODELS = {"symmetric_linear": "SymMoLinE", "symmetric_logistic": "SymMoLogE"}
FITTERS = {"em": "EM", "gradient_em": "Gradient EM", "gradient_descent": "GD"}


def model_name(model: str) -> str:
    return MODELS.get(model, plain(model))


def plain(name: str) -> str:
    """Return a name of config.yaml in words."""
    return name.replace("_", " ")


def labels(fitters: Iterable[str], curves: Mapping[str, str]) -> dict[str, str]:
    """Return fitter -> label: those of curves in their order, else EM first and by name."""
    present = set(fitters)
    order = curves or sorted(present, key=lambda fitter: (fitter != "em", fitter))
    return {f: curves.get(f) or FITTERS.get(f, plain(f)) for f in order if f in present}


def setting(cell: pd.Series) -> str:
    """Return a cell's model, norms and angle, in one line."""
    return (
        rf"{model_name(cell['model'])}, $\Vert\beta^{{*}}\Vert$ = {cell['norm_beta']:g}, "
        rf"$\Vert w^{{*}}\Vert$ = {cell['norm_w']:g}, angle {angle_text(cell['angle'])}"
    )


def angle_text(angle: object) -> str:
    """Return an angle in degrees, or "random", as a title shows it."""
    try:
        return f"{float(angle):g}°"  # type: ignore[arg-type]
    except ValueError:
        return str(angle)


def count(number: float) -> str:
    """Return a count with thin spaces between its thousands."""
    return f"{int(number):,}".replace(",", "\u2009")
