"""Checks the section `calibration` of a config beyond its schema."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from emmoe.evidence import reported
from emmoe.record.registry import nearest
from emmoe.store.errors import ConfigError

# What a family searches is what its experiment must be made of.
MADE_OF = {
    "symmetric_linear": {
        "model": "symmetric_linear", "data": "synthetic", "start": "near_truth",
    },
    "fashion_mnist": {"model": "logistic_experts"},
}  # fmt: skip


def check(config: Mapping[str, Any]) -> None:
    """Raise ConfigError, naming the setting, for a calibration that cannot be run."""
    for name, made_of in MADE_OF.items():
        if name in config.get("calibration", {}):
            where, family = f"calibration.{name}", config["calibration"][name]
            _check_experiment(where, family, made_of, config["experiments"])
            _check_readings(where, family)
            for path, (low, high) in _ranges(where, family):
                if not low < high:
                    raise ConfigError(f"{path}: {low} is not less than {high}")


def _check_experiment(
    where: str, family: Mapping[str, Any], made_of: Mapping[str, str], known: Mapping[str, Any]
) -> None:
    name = family["experiment"]
    if name not in known:
        raise ConfigError(f"{where}.experiment: no experiment {name!r}{nearest(name, known)}")
    for part, wanted in made_of.items():
        if known[name][part]["name"] != wanted:
            raise ConfigError(f"{where}.experiment: the {part} of {name} must be {wanted}")
    for fitter in family.get("steps", {}):
        if fitter not in known[name]["fitters"]:
            raise ConfigError(f"{where}.experiment: {name} has no hand-set fitter {fitter}")


def _check_readings(where: str, family: Mapping[str, Any]) -> None:
    for figure in family["figures"]:
        if figure not in reported.FIGURES:
            known = nearest(figure, reported.FIGURES)
            raise ConfigError(f"{where}.figures: no reported figure {figure!r}{known}")
    for figure, iterations in family["calibration"].items():
        if figure not in family["figures"]:
            raise ConfigError(f"{where}.calibration.{figure}: not one of {where}.figures")
        if max(iterations) > family["stages"][-1]["iterations"]:
            raise ConfigError(
                f"{where}.calibration.{figure}: {max(iterations)} is beyond the last stage"
            )


def _ranges(where: str, family: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[float]]]:
    for name, limits in family.get("data", {}).get("ranges", {}).items():
        yield f"{where}.data.ranges.{name}", limits
    for fitter, search in family.get("steps", {}).items():
        for block, limits in search["reach"].items():
            yield f"{where}.steps.{fitter}.reach.{block}", limits
