"""The families of experts, one file each."""

from collections.abc import Callable

from emmoe.mixture.families.base import Family
from emmoe.mixture.families.gaussian import Gaussian
from emmoe.mixture.families.logistic import Logistic
from emmoe.mixture.families.multinomial import Multinomial
from emmoe.mixture.families.poisson import Poisson
from emmoe.store.errors import DataError

FAMILIES = ("gaussian", "logistic", "multinomial", "poisson")

__all__ = ["FAMILIES", "Family", "Gaussian", "Logistic", "Multinomial", "Poisson", "of_name"]


def of_name(name: str, classes: int | None = None) -> Family:
    """Return a family by its name; classes: C, for the multinomial alone."""
    if name == "multinomial":
        if classes is None or classes < 2:
            raise DataError(f"family multinomial needs classes >= 2, got {classes}")
        return Multinomial(classes)
    plain: dict[str, Callable[[], Family]]
    plain = {"gaussian": Gaussian, "logistic": Logistic, "poisson": Poisson}
    if name not in plain:
        raise DataError(f"no family {name!r}: choose one of {', '.join(FAMILIES)}")
    return plain[name]()
