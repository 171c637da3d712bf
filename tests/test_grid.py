"""Cells, blocks and tasks: what a job covers, and that it depends on nothing else."""

import copy

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits
from workflow_helpers import ROOT

from emmoe.lab.draw import draw_block
from emmoe.lab.fit import fit_block
from emmoe.record import cells as grid
from emmoe.record.config import load

CONFIG = load(ROOT / "tests" / "smoke.yaml")
NAME = "symmetric_linear"


def config(**data):
    """Return the smoke config with other synthetic data, and five replicates by two."""
    changed = copy.deepcopy(CONFIG)
    experiment = changed["experiments"][NAME]
    experiment["data"] |= data
    experiment |= {"replicates": 5, "replicates_per_block": 2}
    return changed


def experiment(**data):
    return config(**data)["experiments"][NAME]


def runs(blocks):
    """Return the (cell key, replicate) pairs of blocks, in order."""
    return [(cell.key, r) for block in blocks for cell in block.cells for r in block.replicates]


def test_cells_are_the_product_of_the_axes_in_config_order():
    cells = grid.cells(experiment(n=[100, 50], angle=[0, 90, "random"]))
    points = [(cell.data["n"], cell.data["angle"]) for cell in cells]
    expected = [(n, angle) for n in (100, 50) for angle in (0, 90, "random")]
    assert points == expected
    assert {cell.data["norm_w"] for cell in cells} == {2.0}


def test_experiment_without_lists_has_one_cell():
    (cell,) = grid.cells(experiment())
    assert cell.data == experiment()["data"]


def test_cells_have_their_own_names_and_keys():
    cells = grid.cells(experiment(n=[50, 100], d=[2, 3], norm_w=[1, 2], angle=[0, "random"]))
    assert len({cell.name for cell in cells}) == len({cell.key for cell in cells}) == 16


def test_cell_names_are_usable_in_paths():
    for name in grid.blocks(experiment(angle=["random", 45.5])):
        assert "/" not in name and " " not in name


def test_an_optional_setting_that_is_not_set_leaves_the_key_as_it_is():
    settings = copy.deepcopy(CONFIG["experiments"]["digits"])
    assert '"validation_size"' not in grid.cells(settings)[0].key
    settings["data"]["validation_size"] = 100
    assert '"validation_size": 100' in grid.cells(settings)[0].key


def test_cell_key_holds_model_and_data_and_nothing_else():
    changed = experiment()
    changed |= {"fitters": {}, "iterations": 1, "replicates": 9, "start": {}, "tolerance": 1}
    assert grid.cells(changed)[0].key == grid.cells(experiment())[0].key
    changed["model"] = {"name": NAME, "noise_sd": 2.0}
    assert grid.cells(changed)[0].key != grid.cells(experiment())[0].key


def test_blocks_partition_cells_and_replicates_without_overlap():
    settings = experiment(n=[50, 100, 200])
    covered = runs(grid.blocks(settings).values())
    assert len(covered) == len(set(covered))
    assert set(covered) == {(cell.key, r) for cell in grid.cells(settings) for r in range(5)}


def test_blocks_hold_at_most_replicates_per_block():
    assert [len(b.replicates) for b in grid.blocks(experiment()).values()] == [2, 2, 1]


def test_block_is_found_under_its_name():
    for name, block in grid.blocks(experiment(n=[50, 100])).items():
        assert block.name == name


@pytest.mark.parametrize("values", [[50, 100, 200], [200, 50, 100], [50, 75, 100]])
def test_adding_cells_changes_no_block(values):
    before, after = grid.blocks(experiment(n=[50, 100])), grid.blocks(experiment(n=values))
    assert before.items() <= after.items() and len(after) == 9


def test_appended_values_leave_full_blocks_of_a_row_as_they_are():
    rows = {"norm_beta": [1, 2], "norm_w": [1, 2, 3, 4]}
    before, after = (
        grid.blocks(experiment(**changed) | {"cells_per_block": 2, "replicates_per_block": 5})
        for changed in (rows, {"norm_beta": [1, 2, 3], "norm_w": [1, 2, 3, 4, 5]})
    )
    assert all(len(block.cells) == 2 for block in before.values())
    assert before.items() <= after.items() and len(before) == 4 and len(after) == 9
    assert sorted(runs(after.values())) == sorted(set(runs(after.values())))


def test_names_of_large_blocks_fit_a_file_system_and_differ():
    many = {"cells_per_block": 200, "replicates_per_block": 5}
    values = [1 + k / 7 for k in range(400)]
    names = list(grid.blocks(experiment(norm_beta=[1, 2], norm_w=values) | many))
    assert len(set(names)) == 4 and max(map(len, names)) < 150
    (first, *_) = grid.blocks(experiment(norm_beta=[1, 2], norm_w=[1, *values[1:-1], 99]) | many)
    assert first == names[0]
    (other, *_) = grid.blocks(experiment(norm_beta=[1, 2], norm_w=[1, 99, *values[2:]]) | many)
    assert other != names[0]


def test_block_never_spans_two_rows():
    split = grid.blocks(experiment(norm_beta=[1, 2], norm_w=[1, 2, 3]) | {"cells_per_block": 5})
    for block in split.values():
        assert len({cell.data["norm_beta"] for cell in block.cells}) == 1


def test_turning_one_value_into_a_list_changes_no_block():
    assert grid.blocks(experiment(n=50)).items() <= grid.blocks(experiment(n=[50, 100])).items()


def test_adding_replicates_changes_no_full_block():
    more = experiment()
    more["replicates"] = 8
    before, after = grid.blocks(experiment()), grid.blocks(more)
    full = {name: block for name, block in before.items() if len(block.replicates) == 2}
    assert full.items() <= after.items() and len(full) == 2 and len(after) == 4


def test_draw_of_a_replicate_does_not_depend_on_its_block():
    """Adding replicates to the last block, or changing block sizes, keeps every truth and start."""
    task = grid.draw_task(config(), NAME, next(iter(grid.blocks(experiment()))))
    together = draw_block(task | {"replicates": [0, 1, 2]})
    for replicate in range(3):
        alone = draw_block(task | {"replicates": [replicate]})
        for name in ("truth", "start"):
            np.testing.assert_array_equal(together[name][:, [replicate]], alone[name])


def test_traces_of_a_task_do_not_depend_on_the_threads_of_blas():
    settings = config(n=100_000, d=10)  # enough for BLAS to split its sums
    settings["experiments"][NAME] |= {"iterations": 10, "replicates": 1}
    (block,) = grid.blocks(settings["experiments"][NAME])
    draw = draw_block(grid.draw_task(settings, NAME, block))
    task = grid.fit_task(settings, NAME, "em", block)
    traces = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            traces.append(pd.DataFrame(fit_block(task, draw, {}, print).rows))
    pd.testing.assert_frame_equal(*traces, check_exact=True)


def test_fitter_with_fewer_replicates_has_only_the_blocks_that_hold_them():
    settings = config(n=[50, 100])
    fitters = settings["experiments"][NAME]["fitters"]
    fitters["em"]["replicates"] = 3
    own = grid.fitter_blocks(settings["experiments"][NAME], "em")
    tasks = [grid.fit_task(settings, NAME, "em", block) for block in own]
    assert [(t["cells"][0]["data"]["n"], t["replicates"]) for t in tasks] == [
        (50, [0, 1]), (50, [2]), (100, [0, 1]), (100, [2])
    ]  # fmt: skip
    others = grid.fitter_blocks(settings["experiments"][NAME], "gradient_em")
    assert others == list(grid.blocks(settings["experiments"][NAME]))


def test_fitters_own_iterations_replace_the_experiments():
    settings = config()
    settings["experiments"][NAME]["fitters"]["em"]["iterations"] = 7
    block = next(iter(grid.blocks(experiment())))
    assert grid.fit_task(settings, NAME, "em", block)["iterations"] == 7
    assert grid.fit_task(settings, NAME, "gradient_em", block)["iterations"] == 100


def all_tasks(settings, fitter):
    return [
        grid.fit_task(settings, NAME, fitter, block)
        for block in grid.blocks(settings["experiments"][NAME])
    ]


def test_task_of_a_fitter_holds_nothing_of_other_fitters():
    changed = config()
    fitters = changed["experiments"][NAME]["fitters"]
    fitters["em"] = {"algorithm": "em", "m_step_tolerance": 0.5, "iterations": 2, "replicates": 1}
    del fitters["gradient_em"]
    assert all_tasks(changed, "gradient_descent") == all_tasks(config(), "gradient_descent")
    fitters["gradient_descent"]["step"] = 0.2
    assert all_tasks(changed, "gradient_descent") != all_tasks(config(), "gradient_descent")


def test_draw_task_holds_nothing_of_fitters():
    changed = config()
    changed["experiments"][NAME] |= {"fitters": {}, "iterations": 1, "tolerance": 1.0}
    for block in grid.blocks(experiment()):
        assert grid.draw_task(changed, NAME, block) == grid.draw_task(config(), NAME, block)


@pytest.mark.parametrize("task", [grid.draw_task, lambda c, e, b: grid.fit_task(c, e, "em", b)])
def test_task_depends_on_seed_model_and_data(task):
    block = next(iter(grid.blocks(experiment())))
    before = task(config(), NAME, block)
    changes = [{"seed": 8}, {"model": {"name": NAME, "noise_sd": 3.0}}]
    for change in changes:
        changed = config()
        (changed if "seed" in change else changed["experiments"][NAME]).update(change)
        assert task(changed, NAME, block) != before


def test_seed_of_an_experiment_replaces_the_base_seed_and_keeps_its_cells():
    own = config()
    own["experiments"][NAME]["seed"] = 8
    block = next(iter(grid.blocks(experiment())))
    before, after = (grid.draw_task(c, NAME, block) for c in (config(), own))
    assert after == before | {"seed": 8}
    assert grid.draw_task(config() | {"seed": 8}, NAME, block) == after
