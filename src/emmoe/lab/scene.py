"""The scene of a run: what all fitters of a replicate meet, the same for each of them.

A replicate's truth, start and sample are functions of the base seed, the cell's key, the replicate
and the purpose, never of a fitter. Fits, contests, probes and recomputations all bind them here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emmoe.models.objective import Array, Objective
from emmoe.record.components import build_dataset, build_model, build_start
from emmoe.record.entries import Component
from emmoe.record.tasks import Cell
from emmoe.store.seeds import generator

Files = dict[str, tuple[Path, str]]  # path and SHA-256 of each download


@dataclass(frozen=True)
class Scene:
    """Replicates that share a sample; component: the model; truth (p,), or None where the data have
    none; start (R, p), or (p,) for a model that is not stacked."""

    component: Component
    replicates: list[int]
    sample: Any
    truth: Array | None
    start: Array

    def bind(self) -> Objective:
        """Return the model on the sample, its work not yet counted; raises DataError if they do not
        fit."""
        return build_model(self.component).bind(self.sample)


def draw(
    seed: int, model: Component, start: Component, cell: Cell, replicates: Sequence[int]
) -> tuple[list[Array | None], Array]:
    """Return the truths, (p,) or None each, and the starts (replicates, p) of a cell."""
    law, dataset = build_start(start), build_dataset(cell.data)
    layout, purpose = build_model(model).blocks(dataset.shape), f"start/{start.name}"
    truths, starts = [], []
    for replicate in replicates:
        own = (seed, cell.key, replicate)
        truths.append(dataset.truth(layout, generator(*own, "truth")))
        starts.append(law.draw(layout, truths[-1], generator(*own, purpose)))
    return truths, np.array(starts)


def scenes(
    seed: int,
    model: Component,
    start: Component,
    cell: Cell,
    replicates: Sequence[int],
    files: Files,
) -> Iterator[Scene]:
    """Yield the scenes of some replicates of a cell; files: the downloads that its data read."""
    dataset, unbound = build_dataset(cell.data), build_model(model)
    truths, starts = draw(seed, model, start, cell, replicates)
    rngs = [generator(seed, cell.key, replicate, "sample") for replicate in replicates]
    split = generator(seed, cell.key, 0, "split")
    for positions, sample in dataset.samples(unbound, truths, rngs, split, files):
        own = starts[positions].astype(dataset.dtype)
        yield Scene(
            component=model,
            replicates=[replicates[position] for position in positions],
            sample=sample,
            truth=truths[positions[0]],
            start=own if unbound.stacked else own[0],
        )
