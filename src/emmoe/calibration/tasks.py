"""Cuts the calibration of config.yaml into parts: a task is all that a part's numbers depend on.

A part is a stage of a family, and a number: `data` and `steps` of symmetric_linear (the part
`steps` n searches at the n-th data setting kept), `em` and `one_step` of fashion_mnist.
"""

from collections.abc import Mapping
from math import ceil
from typing import Any

from emmoe.calibration import fashion_mnist, symmetric_linear
from emmoe.calibration.space import Point
from emmoe.record.components import build_dataset
from emmoe.store.provenance import code_hash

JUDGED = ("figures", "calibration", "instances", "passes", "stages")


def family(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a family's settings with those of its experiment, as changed by it, as `base`."""
    own = config["calibration"][name]
    experiment = config["experiments"][own["experiment"]]
    base = {key: experiment[key] for key in ("model", "data", "start", "fitters")}
    base["data"] = base["data"] | own["changes"]
    return {**own, "base": base | {"tolerance": own["tolerance"]}}


def families(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return all families of a config, which may have none."""
    names = [name for name in config.get("calibration", {}) if name != "level"]
    return {name: family(config, name) for name in names}


def points(config: Mapping[str, Any]) -> list[tuple[int, Point]]:
    """Return the number and the point of every data setting of symmetric_linear."""
    own = family(config, "symmetric_linear")
    return list(enumerate(symmetric_linear.data_points(own, config["seed"])))


def counts(config: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    """Return the number of parts of each (family, stage)."""
    found = {}
    for name, own in families(config).items():
        if name == "symmetric_linear":
            data = own["data"]
            found[name, "data"] = ceil((1 + data["draws"]) / data["per_part"])
            found[name, "steps"] = data["kept"]
        else:
            for grid, settings in fashion_mnist.settings(own).items():
                found[name, grid] = ceil(len(settings) / own["grids"][grid]["per_part"])
    return found


def task(config: Mapping[str, Any], name: str, stage: str, number: int) -> dict[str, Any]:
    """Return the task of a part: `base`, how settings are judged, and what it searches."""
    own = family(config, name)
    content = {key: own[key] for key in ("base", *JUDGED)}
    content |= {"seed": config["seed"], "level": config["calibration"]["level"]}
    content |= {"family": name, "stage": stage}
    if stage == "data":
        size = own["data"]["per_part"]
        return content | {"points": points(config)[number * size :][:size]}
    if stage == "steps":
        return content | {"steps": own["steps"], "position": number}
    size = own["grids"][stage]["per_part"]
    return content | {"grids": own["grids"], "numbers": [number * size, (number + 1) * size]}


def files(config: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return the downloads that a family's data set reads."""
    return build_dataset(family(config, name)["base"]["data"]).files


def code(config: Mapping[str, Any], name: str) -> str:
    """Return the hash of the code that the parts of a family depend on."""
    base = family(config, name)["base"]
    parts = {"models": "model", "datasets": "data", "starts": "start"}
    modules = [f"emmoe.{kind}.{base[part]['name']}" for kind, part in parts.items()]
    fitters = [f"emmoe.fitters.{f}" for f in ("em", "gradient_em", "gradient_descent")]
    search = ["emmoe.calibration.readings", "emmoe.calibration.score", f"emmoe.calibration.{name}"]
    return code_hash(*search, *modules, *fitters)
