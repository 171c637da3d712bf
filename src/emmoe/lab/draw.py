"""Draws the truths and starts of a block, which all fitters of the block then share."""

from typing import Any

import numpy as np

from emmoe.record.components import build_dataset, build_model, build_start
from emmoe.store.seeds import generator


def draw_block(task: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return start (cells, replicates, p) and, where the data have one, truth of that shape.

    task: see `emmoe.record.cells.draw_task`."""
    model, law = build_model(task["model"]), build_start(task["start"])
    purpose = f"start/{task['start']['name']}"
    truths, starts = [], []
    for cell in task["cells"]:
        dataset = build_dataset(cell["data"])
        layout = model.blocks(dataset.features)
        for replicate in task["replicates"]:
            seed = (task["seed"], cell["key"], replicate)
            truths.append(dataset.truth(generator(*seed, "truth")))
            starts.append(law.draw(layout, truths[-1], generator(*seed, purpose)))
    shape = (len(task["cells"]), len(task["replicates"]), -1)
    arrays = {"start": np.array(starts).reshape(shape)}
    if truths[0] is not None:
        arrays["truth"] = np.array(truths).reshape(shape)
    return arrays
