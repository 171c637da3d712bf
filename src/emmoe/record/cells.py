"""The grid of an experiment or a contest: its cells, and the blocks that its jobs take.

A cell is one setting of the data. Its key, from which its seeds derive, holds the model's and the
data's settings and nothing else, so the same cell has the same data in every experiment, whatever
else the grid holds. A block, cells x replicates, is the unit of a job. Its size is part of the
record: replicates that share a wide product are rounded a little differently in another company.

The grid is planned by index: names of blocks come from the axes' values alone, and cells are built
for the block that is asked for.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import groupby, product
from typing import Any

from emmoe.record import registry
from emmoe.record.components import build_dataset, build_model
from emmoe.record.entries import Component, Contest, Experiment
from emmoe.record.tasks import Cell
from emmoe.record.values import Value
from emmoe.store.errors import ConfigError

LONGEST = 120  # characters of a chunk's name: a block's file name, with ends, must stay within 255
Point = tuple[Value, ...]  # of the axes' values


@dataclass(frozen=True)
class Block:
    """The cells and replicates of one job."""

    name: str
    cells: tuple[Cell, ...]
    replicates: range


class Grid:
    """The cells of a data set's settings, the product of its axes in the data set's order."""

    def __init__(self, entry: Experiment | Contest, where: str):
        """where: of the entry, for messages. Raises ConfigError for an axis without values."""
        self.where, self.model, self.data = where, entry.model, entry.data
        declared = registry.component("datasets", entry.data.name, f"{where}.data").axes
        settings = entry.data.settings
        self.axes = [axis for axis in declared if axis in settings]
        self.values = [_listed(settings[axis]) for axis in self.axes]
        self.listed = [axis for axis in self.axes if isinstance(settings[axis], list)]
        if not all(self.values):
            raise ConfigError(f"{where}.data: an axis is an empty list")
        self._blocks = entry if isinstance(entry, Experiment) else None
        self._recent: Block | None = None

    def __len__(self) -> int:
        """The number of cells."""
        count = 1
        for values in self.values:
            count *= len(values)
        return count

    @cached_property
    def _model_settings(self) -> dict[str, Value]:
        return normalised(self.model, build_model(self.model, f"{self.where}.model"))

    def cells(self) -> list[Cell]:
        """Return all cells; raises ConfigError for a setting that is wrong or a cell listed
        twice."""
        found: dict[str, Cell] = {}
        for point in product(*self.values):
            cell = self.cell(point)
            if cell.key in found:
                raise ConfigError(f"{self.where}.data: the cell {cell.name} is listed twice")
            found[cell.key] = cell
        return list(found.values())

    def first(self) -> Cell:
        """Return the first cell."""
        return self.cell(tuple(values[0] for values in self.values))

    def cell(self, point: Point) -> Cell:
        """Return the cell of a point of the axes; raises ConfigError for a wrong setting."""
        own = Component(self.data.name, {**self.data.settings, **self._at(point)})
        data = normalised(own, build_dataset(own, f"{self.where}.data"))
        key = json.dumps({"model": self._model_settings, "data": data}, sort_keys=True)
        settings = {name: value for name, value in data.items() if name != "name"}
        name = "-".join(f"{axis}{_short(data[axis])}" for axis in self.axes) or "all"
        return Cell(name, Component(self.data.name, settings), key)

    def _at(self, point: Point) -> dict[str, Value]:
        return dict(zip(self.axes, point, strict=True))

    @cached_property
    def _chunks(self) -> list[tuple[Point, ...]]:
        """The chunks of cells, in order.

        A row holds the cells that differ in the last listed axis only, and have the same shape,
        since a draw is one array. Values appended to a list therefore fill up or add blocks at its
        end, and leave every full block as it is."""
        size = self._blocks.cells_per_block
        return [tuple(row[i : i + size]) for row in self._rows() for i in range(0, len(row), size)]

    def _rows(self) -> Iterator[list[Point]]:
        last = self.axes.index(self.listed[-1]) if self.listed else None
        points = product(*self.values)
        if last is None:
            return ([point] for point in points)
        shapes = self._shapes(last)

        def of_row(point: Point) -> Any:
            return point[:last], point[last + 1 :], shapes[_short(point[last])]

        return (list(row) for _, row in groupby(points, key=of_row))

    def _shapes(self, last: int) -> dict[str, Any]:
        """By value of the last listed axis, the shape of its cells. No other axis that a data set
        has may change along a row, so one row tells."""
        found = {}
        for value in self.values[last]:
            point = tuple(v[0] if i != last else value for i, v in enumerate(self.values))
            own = Component(self.data.name, {**self.data.settings, **self._at(point)})
            found[_short(value)] = build_dataset(own, f"{self.where}.data").shape
        return found

    @cached_property
    def _named(self) -> dict[str, tuple[Point, ...]]:
        """All chunks by name."""
        return {self._name(chunk): chunk for chunk in self._chunks}

    def _chunk(self, name: str) -> tuple[Point, ...] | None:
        """The chunk of a name. Where not all are named yet, only those are that begin alike: a job
        of a large grid needs one."""
        if "_named" in vars(self):
            return self._named.get(name)
        alike = (chunk for chunk in self._chunks if name.startswith(self._first(chunk)))
        return next((chunk for chunk in alike if self._name(chunk) == name), None)

    def _first(self, chunk: Sequence[Point]) -> str:
        return "-".join(map("".join, zip(self.axes, map(_short, chunk[0]), strict=True))) or "all"

    def _name(self, chunk: Sequence[Point]) -> str:
        """The first cell's name, then the others' values, or, where that is too long for a file
        name, their number and a hash of all cells."""
        last = self.axes.index(self.listed[-1]) if self.listed else 0
        first = self._first(chunk)
        name = first + "".join(f"_{_short(point[last])}" for point in chunk[1:])
        if len(name) <= LONGEST:
            return name
        keys = "\n".join(self.cell(point).key for point in chunk)
        digest = hashlib.sha256(keys.encode()).hexdigest()[:12]
        return f"{first}_and_{len(chunk) - 1}.{digest}"

    @cached_property
    def _ranges(self) -> dict[str, range]:
        """The replicates of a block by the end of its name."""
        size, total = self._blocks.replicates_per_block, self._blocks.replicates
        return {
            f"r{first:03d}-{first + size - 1:03d}": range(first, min(first + size, total))
            for first in range(0, total, size)
        }

    @cached_property
    def names(self) -> list[str]:
        """The names of all blocks, in order."""
        return [f"{chunk}.{end}" for chunk in self._named for end in self._ranges]

    def replicates(self, block: str) -> range:
        """Return the replicates of a block."""
        return self._ranges[block.rpartition(".")[2]]

    def block(self, name: str) -> Block:
        """Return a block; raises KeyError for a name that there is not."""
        if self._recent is None or self._recent.name != name:  # a plan asks several times in a row
            self._recent = self._block(name)
        return self._recent

    def _block(self, name: str) -> Block:
        cells, _, replicates = name.rpartition(".")
        chunk = self._chunk(cells)
        if chunk is None or replicates not in self._ranges:
            raise KeyError(name)
        return Block(name, tuple(map(self.cell, chunk)), self._ranges[replicates])


def _listed(value: Value) -> list[Value]:
    return value if isinstance(value, list) else [value]


def _short(value: Value) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def normalised(component: Component, built: Any) -> dict[str, Value]:
    """Return a component's settings with defaults filled and numbers of one type, however written;
    without those that are not set, so that a new optional setting leaves all seeds as they are."""
    values = {key: value for key, value in asdict(built).items() if value is not None}
    return {"name": component.name, **values}


_GRIDS: dict[int, tuple[Any, Grid]] = {}


def grid(entry: Experiment | Contest) -> Grid:
    """Return the grid of an experiment or a contest, the same for the same entry."""
    known = _GRIDS.get(id(entry))
    if known is None or known[0] is not entry:
        section = "experiments" if isinstance(entry, Experiment) else "contests"
        known = _GRIDS[id(entry)] = entry, Grid(entry, f"{section}.{entry.name}")
    return known[1]
