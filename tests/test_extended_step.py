"""A mirror step in extended precision, and the replicate that a probe looks at."""

import numpy as np
import pytest
from records import record

from emmoe.lab.probe import run_probe
from emmoe.measures.probes import extended_step
from emmoe.models.symmetric_logistic import SymmetricLogistic
from emmoe.record import plan
from emmoe.store.errors import ConfigError
from emmoe.theory.mirror import independent_gradient

LOGISTIC = {
    "model": {"name": "symmetric_logistic"},
    "data": {
        "name": "synthetic", "n": 300, "d": 2, "angle": 45, "norm_beta": [2.0, 6.0], "norm_w": 4.0,
    },
    "start": {"name": "gaussian", "variance": 1.0},
    "replicates": 3,
    "replicates_per_block": 3,
    "iterations": 30,
    "fitters": {"em": {"algorithm": "em"}},
}  # fmt: skip


def probed(**changed):
    entry = {"measure": "extended_step", "experiment": "small", "options": {"fitter": "em"}}
    entry |= {"fitters": {"em": {"algorithm": "em"}}} | changed
    return record(experiments={"small": LOGISTIC}, probes={"one": entry})


def test_gradient_in_extended_precision_is_the_one_in_double():
    example = SymmetricLogistic.example()
    wide = example.truth.astype(np.longdouble)
    found = extended_step.extended_gradient(example.model, wide)
    assert found.dtype == np.longdouble
    np.testing.assert_allclose(
        found.astype(float), independent_gradient(example.model, example.truth), rtol=1e-12
    )


def test_step_of_em_passes_and_passes_better_in_extended_precision():
    (row,) = run_probe(plan.probe_task(probed(), "one"), {}).itertuples()
    assert row.gradient_norm > 1e-7 and row.residual < 1e-8
    assert row.residual_extended < 1e-2 * row.residual_rounded
    assert row.theta_change < 1e-8


def test_probe_looks_at_the_cell_and_the_replicate_that_it_names():
    own = probed()
    names = [cell.name for cell in plan.grid(own.experiments["small"]).cells()]
    tables = [
        run_probe(plan.probe_task(probed(cell=cell, replicate=replicate), "one"), {})
        for cell in names
        for replicate in (0, 2)
    ]
    assert tables[0].equals(run_probe(plan.probe_task(own, "one"), {}))
    assert len({table["theta_norm"].iloc[0] for table in tables}) == 4


def test_probe_of_an_unknown_cell_is_refused_by_name():
    name = plan.grid(probed().experiments["small"]).first().name
    with pytest.raises(ConfigError, match=rf"probes\.one\.cell: no cell .* did you mean '{name}'"):
        probed(cell=name + "0")
