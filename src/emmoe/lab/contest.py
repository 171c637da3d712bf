"""Runs a contest: all rivals on the same samples from the same starts, one after the other.

All rivals of a contest run in one process, on one thread, so that their clocks compare. First every
step of every rival on the tuning replicates, with grids that grow until no choice lies on an edge;
then, on the other replicates, every rival at the steps chosen there. Every run, of tuning too, may
spend the same number of data passes. The comparison is run several times for the clock, its rivals
in a new order each time.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from emmoe.evidence.tuning import choose
from emmoe.lab.race import Race, Row, known_of, median_clock, pass_seconds
from emmoe.lab.recorder import record
from emmoe.lab.scene import Files, Scene, scenes
from emmoe.models.mirror import MirrorModel
from emmoe.record.components import build_fitter
from emmoe.record.entries import Fitter as Entry
from emmoe.record.entries import Rival
from emmoe.record.step_grid import Variant, variants, widened
from emmoe.record.tasks import Cell, ContestTask
from emmoe.record.values import Settings
from emmoe.store.provenance import digest
from emmoe.store.seeds import generator
from emmoe.theory.reference import reference

WARM_UP = 2  # iterations
WIDENINGS = 12  # of a grid, a factor 2 each; a choice that is still on the edge is marked
STARTS = 4  # of the search for a sample's optimum, beside the truth
CLOCKS = ["cpu_seconds", "pass_seconds"]

Report = Callable[[str], None]
Entrants = list[tuple[str, Variant]]


def run_contest(task: ContestTask, files: Files, report: Report) -> pd.DataFrame:
    """Return the rows of all runs of a contest: for every state what it cost and how good it is;
    what of them is a clock's is in the columns CLOCKS."""
    cells = zip(task.cells, task.facts, strict=True)
    with threadpool_limits(limits=1):
        parts = [_Cell(task, cell, facts, files, report).run() for cell, facts in cells]
    return pd.concat(parts, ignore_index=True)


class _Cell:
    """A contest on one cell of its data."""

    def __init__(
        self, task: ContestTask, cell: Cell, facts: Settings, files: Files, report: Report
    ):
        self.task, self.cell, self.files, self.report = task, cell, files, report
        where = {"contest": task.contest, "cell": cell.name, "data": digest(cell.key)[:12]}
        self.where = where | {**facts, "dataset": cell.data.name}
        self.optima: dict[int, Row] = {}

    def run(self) -> pd.DataFrame:
        """Tune all rivals, then compare them."""
        tuning = self.task.replicates.tuning
        total = tuning + self.task.replicates.comparison
        tried = self._tune(range(tuning))
        choice = choose(tried, self.task.targets).groupby("rival")["variant"].agg(set)
        entrants = [
            (name, variant)
            for name, rival in self._grids.items()
            for variant in variants(rival)
            if variant.name in choice[name]
        ]
        parts = [tried, *(self._compare(r, entrants) for r in range(tuning, total))]
        return pd.concat(parts, ignore_index=True)

    def _tune(self, replicates: range) -> pd.DataFrame:
        """Run all steps of all rivals, and more where a choice lies on the edge of a grid."""
        self._grids = dict(self.task.rivals)
        done: set[tuple[str, str]] = set()
        tried = pd.DataFrame()
        for _ in range(WIDENINGS + 1):
            new = [own for own in _entrants(self._grids) if (own[0], own[1].name) not in done]
            if not new:
                break
            parts = [self._try(replicate, new) for replicate in replicates]
            tried = pd.concat([tried, *parts], ignore_index=True)
            done |= {(name, variant.name) for name, variant in new}
            choice = choose(tried, self.task.targets)
            found = choice[choice["at_edge"]].groupby("rival")["variant"].agg(set)
            for name, chosen in found.items():
                self._grids[name] = widened(self._grids[name], chosen)
        return tried

    def _scene(self, replicate: int) -> Scene:
        task = self.task
        own = (task.seed, task.model, task.start, self.cell, [replicate])
        (scene,) = scenes(*own, self.files)
        return scene

    def _race(self, scene: Scene, part: str) -> Race:
        (replicate,), model = scene.replicates, scene.bind()
        if replicate not in self.optima:
            self.optima[replicate] = self._optimum(scene, replicate)
        known = self.where | {"phase": "comparison" if part == "test" else "tuning"}
        known |= {"replicate": replicate} | known_of(model, scene.start, self.optima[replicate])
        task = self.task
        return Race(task.targets, task.passes, task.tolerance, part, known)

    def _optimum(self, scene: Scene, replicate: int) -> Row:
        """The sample's optimum, from the truth and from starts that no contest's start law sees, if
        the loss is not measured from there."""
        model = scene.bind()
        if model.least is not None:
            return {"optimum": model.least, "certified": True}
        if scene.truth is None or not isinstance(model, MirrorModel):
            return {"optimum": np.nan, "certified": False}
        rng = generator(self.task.seed, self.cell.key, replicate, "optimum")
        away = rng.standard_normal((STARTS, len(scene.truth)))
        away *= np.linalg.norm(scene.truth) / np.linalg.norm(away, axis=1, keepdims=True)
        found = reference(model, [scene.truth, *away])
        return {"optimum": found.loss, "certified": found.certified}

    def _try(self, replicate: int, entrants: Entrants) -> pd.DataFrame:
        self.report(f"{self.cell.name}: tuning replicate {replicate + 1}, {len(entrants)} runs")
        scene = self._scene(replicate)
        race = self._race(scene, "validation")
        rows: list[Row] = []
        for name, variant in entrants:
            own = race.run(self._fitter(name, variant), scene.bind(), scene.start)
            rows += [_named(name, variant) | row for row in race.thinned(own)]
        return pd.DataFrame(rows)

    def _compare(self, replicate: int, entrants: Entrants) -> pd.DataFrame:
        """Run all entrants; first each for its rows, then `timings` - 1 times for the clock."""
        self.report(f"{self.cell.name}: comparison on replicate {replicate + 1}")
        scene = self._scene(replicate)
        race = self._race(scene, "test")
        race.known["pass_seconds"] = pass_seconds(scene.bind(), scene.start)
        rng = generator(self.task.seed, self.cell.key, replicate, "order")
        rows: dict[int, list[Row]] = {}
        clocks: dict[int, list[list[float]]] = {at: [] for at in range(len(entrants))}
        self._warm_up(scene, entrants)
        for round_ in range(self.task.timings):
            for at in rng.permutation(len(entrants)).tolist():
                fitter, model = self._fitter(*entrants[at]), scene.bind()
                if round_ == 0:
                    rows[at] = race.run(fitter, model, scene.start)
                else:
                    last = rows[at][-1]["iteration"]
                    clocks[at].append(race.clock(fitter, model, scene.start, last + 1))
        return pd.DataFrame(
            _named(*entrants[at]) | row
            for at in range(len(entrants))
            for row in median_clock(rows[at], clocks[at])
        )

    def _warm_up(self, scene: Scene, entrants: Entrants) -> None:
        """Load what is compiled, before any clock runs."""
        if isinstance(scene.bind(), MirrorModel):
            for name, variant in dict(entrants).items():
                fitter = self._fitter(name, variant)
                record(fitter, scene.bind(), scene.start, iterations=WARM_UP)

    def _fitter(self, name: str, variant: Variant) -> Any:
        return build_fitter(Entry(self.task.rivals[name].algorithm, variant.settings))


def _entrants(grids: dict[str, Rival]) -> Entrants:
    return [(name, variant) for name, rival in grids.items() for variant in variants(rival)]


def _named(rival: str, variant: Variant) -> Row:
    return {"rival": rival, "variant": variant.name, "exponent": variant.exponent}
