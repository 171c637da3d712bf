"""What a finding is, and how its numbers are worded."""

import math
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from emmoe.record.entries import Product
from emmoe.record.values import Value


@dataclass(frozen=True)
class Finding:
    """claim: what was expected before the run, one sentence; text: what came out, one paragraph
    with its numbers filled in; supported: whether the runs support the statement that the title
    makes, None where they cannot tell; expected_met: whether the numbers of the claim came out,
    None where it has none; numbers: what text says, and more; products: figures and tables that
    show it, as <folder>/<name>."""

    id: str
    title: str
    claim: str
    text: str
    supported: bool | None
    numbers: dict[str, Value] = field(default_factory=dict)
    expected_met: bool | None = None
    products: tuple[str, ...] = ()

    def content(self) -> dict[str, Value]:
        """Return it as JSON can hold it: a number that is missing or infinite is null."""
        numbers = {name: _plain(value) for name, value in self.numbers.items()}
        return asdict(self) | {"numbers": numbers, "products": list(self.products)}


def contents(finding: Finding, entry: Product) -> dict[str, dict[str, Value]]:
    """Return what to write of a finding, with the products that its entry says show it."""
    return {"json": replace(finding, products=entry.shown_by).content()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def digits(value: float, count: int = 2) -> str:
    """Return a number with so many significant digits: 0.018, 3e-5, 1200."""
    value = float(value)
    if not math.isfinite(value):
        return "an unknown number"
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(float(f"{value:.{count - 1}e}"))))
    if -4 <= exponent < 6:
        rounded = round(value, count - 1 - exponent)
        return f"{rounded:.{max(count - 1 - exponent, 0)}f}"
    mantissa, power = f"{value:.{count - 1}e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa}e{int(power)}"


def percent(share: float) -> str:
    """Return a share in per cent, with one decimal."""
    return f"{100 * share:.1f} %"


def listed(parts: list[str]) -> str:
    """Return texts as a list in a sentence: a, b and c."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))
