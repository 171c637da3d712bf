"""Expands experiments into cells, blocks and tasks: a task is all that a job's numbers depend on.

A cell is one setting of the data. Its key, from which its seeds derive, holds the model's and the
data's settings and nothing else, so the same cell has the same data in every experiment, whatever
else the grid holds. A block, cells x replicates, is the unit of a job. Its size is part of the
record: replicates that share a wide product are rounded a little differently in another company.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from itertools import groupby, product
from typing import Any

from emmoe.record import registry
from emmoe.record.components import build_dataset, build_model
from emmoe.store import provenance
from emmoe.store.errors import ConfigError

LONGEST = 120  # characters of a chunk's name: a block's file name, with ends, must stay within 255
DIVIDED = ("model", "data", "replicates", "replicates_per_block", "cells_per_block")
LIMITS = ("replicates", "iterations")  # a fitter's own, where it has fewer than its experiment


@dataclass(frozen=True)
class Cell:
    """name: short, for paths and tables; data: the data set's settings; key: for the seeds."""

    name: str
    data: dict[str, Any]
    key: str


@dataclass(frozen=True)
class Block:
    """The cells and replicates of one job."""

    name: str
    cells: tuple[Cell, ...]
    replicates: range


def cells(experiment: dict[str, Any], where: str = "experiment") -> list[Cell]:
    """Return the cells of an experiment: the product of its data set's axes, in config order.

    Raises ConfigError, naming `where`, for a setting that is wrong or a cell listed twice."""
    data = experiment["data"]
    axes = registry.component("datasets", data["name"], f"{where}.data").axes
    present = [axis for axis in axes if axis in data]
    values = [data[axis] if isinstance(data[axis], list) else [data[axis]] for axis in present]
    model = _normalised(experiment["model"], build_model(experiment["model"], f"{where}.model"))
    found: dict[str, Cell] = {}
    for point in product(*values):
        cell = _cell(model, data | dict(zip(present, point, strict=True)), present, where)
        if cell.key in found:
            raise ConfigError(f"{where}.data: the cell {cell.name} is listed twice")
        found[cell.key] = cell
    if not found:
        raise ConfigError(f"{where}.data: an axis is an empty list")
    return list(found.values())


def _normalised(settings: dict[str, Any], component: Any) -> dict[str, Any]:
    """A component's settings with defaults filled and numbers of one type, however written; without
    those that are not set, so that a new optional setting leaves all seeds as they are."""
    values = {key: value for key, value in asdict(component).items() if value is not None}
    return {"name": settings["name"], **values}


def _cell(model: dict[str, Any], data: dict[str, Any], axes: list[str], where: str) -> Cell:
    data = _normalised(data, build_dataset(data, f"{where}.data"))
    name = "-".join(f"{axis}{_short(data[axis])}" for axis in axes) or "all"
    return Cell(name, data, json.dumps({"model": model, "data": data}, sort_keys=True))


def _short(value: Any) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def blocks(experiment: dict[str, Any]) -> dict[str, Block]:
    """Return the blocks by name: chunks of fixed size of the cells of a row, and of replicates.

    A row holds the cells that differ in the last listed axis only, and have the same number of
    features, since a draw is one array. Values appended to a list
    therefore fill up or add blocks at its end, and leave every full block as it is."""
    return _blocks(json.dumps({name: experiment[name] for name in DIVIDED}))


@cache
def _blocks(settings: str) -> dict[str, Block]:
    """The blocks of an experiment given as JSON: kept, since every job asks for them."""
    experiment = json.loads(settings)
    size, total = experiment["replicates_per_block"], experiment["replicates"]
    found = {}
    for chunk, name in _chunks(experiment):
        for first in range(0, total, size):
            block = f"{name}.r{first:03d}-{first + size - 1:03d}"
            found[block] = Block(block, chunk, range(first, min(first + size, total)))
    return found


def _chunks(experiment: dict[str, Any]) -> Iterator[tuple[tuple[Cell, ...], str]]:
    """Yield the chunks of cells with their names: the first cell's, then the others' values, or,
    where that is too long for a file name, their number and a hash of all cells."""
    data, size = experiment["data"], experiment["cells_per_block"]
    axes = registry.component("datasets", data["name"], "data").axes
    listed = [axis for axis in axes if isinstance(data.get(axis), list)]
    last = listed[-1] if listed else None

    def of_row(cell: Cell) -> list[Any]:
        rest = [value for axis, value in cell.data.items() if axis != last]
        return [*rest, build_dataset(cell.data).features]

    for _, row in groupby(cells(experiment), key=of_row):
        row = list(row)
        for chunk in (tuple(row[i : i + size]) for i in range(0, len(row), size)):
            name = chunk[0].name + "".join(f"_{_short(cell.data[last])}" for cell in chunk[1:])
            if len(name) > LONGEST:
                digest = hashlib.sha256("\n".join(cell.key for cell in chunk).encode())
                name = f"{chunk[0].name}_and_{len(chunk) - 1}.{digest.hexdigest()[:12]}"
            yield chunk, name


def limit(experiment: dict[str, Any], fitter: str, name: str) -> int:
    """Return a fitter's own number of "replicates" or "iterations", else the experiment's."""
    return experiment["fitters"][fitter].get(name, experiment[name])


def fitter_blocks(experiment: dict[str, Any], fitter: str) -> list[str]:
    """Return the names of the blocks that hold a replicate of the fitter."""
    total = limit(experiment, fitter, "replicates")
    return [name for name, block in blocks(experiment).items() if block.replicates.start < total]


def facts(experiment: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what a cell's runs are of: model and its settings, start law, data settings."""
    model = _normalised(experiment["model"], build_model(experiment["model"]))
    names = {"model": model.pop("name"), "start": experiment["start"]["name"]} | model
    return [
        {"cell": cell.name, **names, **{k: v for k, v in cell.data.items() if k != "name"}}
        for cell in cells(experiment)
    ]


def draw_task(config: dict[str, Any], experiment: str, block: str) -> dict[str, Any]:
    """Return what the truths and starts of a block depend on."""
    settings = config["experiments"][experiment]
    chosen = blocks(settings)[block]
    return {
        "seed": settings.get("seed", config["seed"]),
        "model": settings["model"],
        "start": settings["start"],
        "cells": [asdict(cell) for cell in chosen.cells],
        "replicates": list(chosen.replicates),
    }


def fit_task(config: dict[str, Any], experiment: str, fitter: str, block: str) -> dict[str, Any]:
    """Return what one fitter's traces of a block depend on, its draw and downloads apart."""
    settings = config["experiments"][experiment]
    task = draw_task(config, experiment, block)
    del task["start"]
    total = limit(settings, fitter, "replicates")
    return task | {
        "replicates": [r for r in task["replicates"] if r < total],
        "fitter": {k: v for k, v in settings["fitters"][fitter].items() if k not in LIMITS},
        "iterations": limit(settings, fitter, "iterations"),
        "tolerance": settings["tolerance"],
        "rows": settings["rows"],
        "analyses": settings["analyses"],
    }


def first_block(experiment: dict[str, Any]) -> str:
    """Return the name of the block that holds the first cell's first replicate."""
    return next(iter(blocks(experiment)))


def probe_task(config: dict[str, Any], probe: str) -> dict[str, Any]:
    """Return what a probe's table depends on, its draw and downloads apart."""
    entry = config["probes"][probe]
    settings = config["experiments"][entry["experiment"]]
    cell = cells(settings)[0]
    return {
        "seed": config["seed"],
        "model": settings["model"],
        "cells": [asdict(cell)],
        "measure": entry["measure"],
        "fitters": entry["fitters"],
        "iterations": entry.get("iterations", settings["iterations"]),
        "options": entry["options"],
    }


def contest_task(config: dict[str, Any], name: str) -> dict[str, Any]:
    """Return what a contest's rows depend on, downloads apart."""
    contest = config["contests"][name]
    found = [asdict(cell) for cell in cells(contest)]
    known = {fact.pop("cell"): fact for fact in facts(contest)}
    kept = ("model", "start", "replicates", "passes", "tolerance", "targets", "rivals")
    return {
        "contest": name,
        "seed": config["seed"],
        **{key: contest[key] for key in kept},
        "cells": [
            cell | {"facts": known[cell["name"]], "digest": provenance.digest(cell["key"])[:12]}
            for cell in found
        ],
    }
