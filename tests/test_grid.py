"""Cells, blocks and tasks: what a job covers, and that it depends on nothing else."""

import numpy as np
import pandas as pd
import pytest
import records
from msgspec.structs import replace
from records import smoke_settings
from threadpoolctl import threadpool_limits

from emmoe.lab.fit import fit_block
from emmoe.lab.scene import draw
from emmoe.record import cells
from emmoe.record.cells import grid
from emmoe.record.entries import Fitter
from emmoe.record.plan import blocks_of, fit_task

NAME = "symmetric_linear"


def experiment(seed=7, model=None, **data):
    """Return the smoke experiment with other synthetic data, and five replicates by two."""
    settings = smoke_settings()["experiments"][NAME]
    settings["data"] |= data
    settings |= {"replicates": 5, "replicates_per_block": 2, "model": model or settings["model"]}
    return records.experiment(settings, NAME, seed)


def blocks(own):
    """Return all blocks of an experiment by name."""
    return {name: grid(own).block(name) for name in grid(own).names}


def runs(blocks):
    """Return the (cell key, replicate) pairs of blocks, in order."""
    return [(cell.key, r) for block in blocks for cell in block.cells for r in block.replicates]


def test_cells_are_the_product_of_the_axes_in_config_order():
    found = grid(experiment(n=[100, 50], angle=[0, 90, "random"])).cells()
    points = [(cell.data.settings["n"], cell.data.settings["angle"]) for cell in found]
    expected = [(n, angle) for n in (100, 50) for angle in (0, 90, "random")]
    assert points == expected
    assert {cell.data.settings["norm_w"] for cell in found} == {2.0}


def test_experiment_without_lists_has_one_cell():
    (cell,) = grid(experiment()).cells()
    assert cell.data == experiment().data


def test_cells_have_their_own_names_and_keys():
    own = experiment(n=[50, 100], d=[2, 3], norm_w=[1, 2], angle=[0, "random"])
    found = grid(own).cells()
    assert len({cell.name for cell in found}) == len({cell.key for cell in found}) == 16


def test_cell_names_are_usable_in_paths():
    for name in grid(experiment(angle=["random", 45.5])).names:
        assert "/" not in name and " " not in name


def test_an_optional_setting_that_is_not_set_leaves_the_key_as_it_is():
    settings = smoke_settings()["experiments"]["digits"]
    assert '"validation_size"' not in grid(records.experiment(settings)).first().key
    settings["data"]["validation_size"] = 100
    assert '"validation_size": 100' in grid(records.experiment(settings)).first().key


def test_cell_key_holds_model_and_data_and_nothing_else():
    fitters = {"gd": Fitter("gradient_descent", {"step": 0.1})}
    changed = replace(experiment(), fitters=fitters, iterations=1, replicates=9, tolerance=1.0)
    assert grid(changed).first().key == grid(experiment()).first().key
    other = experiment(model={"name": NAME, "noise_sd": 2.0})
    assert grid(other).first().key != grid(experiment()).first().key


def test_blocks_partition_cells_and_replicates_without_overlap():
    settings = experiment(n=[50, 100, 200])
    covered = runs(blocks(settings).values())
    assert len(covered) == len(set(covered))
    assert set(covered) == {(cell.key, r) for cell in grid(settings).cells() for r in range(5)}


def test_blocks_hold_at_most_replicates_per_block():
    assert [len(b.replicates) for b in blocks(experiment()).values()] == [2, 2, 1]


def test_block_is_found_under_its_name():
    for name, block in blocks(experiment(n=[50, 100])).items():
        assert block.name == name


@pytest.mark.parametrize("values", [[50, 100, 200], [200, 50, 100], [50, 75, 100]])
def test_adding_cells_changes_no_block(values):
    before, after = blocks(experiment(n=[50, 100])), blocks(experiment(n=values))
    assert before.items() <= after.items() and len(after) == 9


def test_appended_values_leave_full_blocks_of_a_row_as_they_are():
    rows = {"norm_beta": [1, 2], "norm_w": [1, 2, 3, 4]}
    before, after = (
        blocks(replace(experiment(**changed), cells_per_block=2, replicates_per_block=5))
        for changed in (rows, {"norm_beta": [1, 2, 3], "norm_w": [1, 2, 3, 4, 5]})
    )
    assert all(len(block.cells) == 2 for block in before.values())
    assert before.items() <= after.items() and len(before) == 4 and len(after) == 9
    assert sorted(runs(after.values())) == sorted(set(runs(after.values())))


def test_names_of_large_blocks_fit_a_file_system_and_differ():
    def names(norm_w):
        own = experiment(norm_beta=[1, 2], norm_w=norm_w)
        return grid(replace(own, cells_per_block=200, replicates_per_block=5)).names

    values = [1 + k / 7 for k in range(400)]
    found = names(values)
    assert len(set(found)) == 4 and max(map(len, found)) < 150
    assert names([1, *values[1:-1], 99])[0] == found[0]
    assert names([1, 99, *values[2:]])[0] != found[0]


def test_block_never_spans_two_rows():
    own = replace(experiment(norm_beta=[1, 2], norm_w=[1, 2, 3]), cells_per_block=5)
    for block in blocks(own).values():
        assert len({cell.data.settings["norm_beta"] for cell in block.cells}) == 1


def test_block_never_holds_cells_of_two_shapes():
    own = replace(experiment(d=[2, 3]), cells_per_block=5)
    for block in blocks(own).values():
        assert len({cell.data.settings["d"] for cell in block.cells}) == 1


def test_grid_of_100_000_cells_is_planned_without_building_them(monkeypatch):
    own = experiment(norm_beta=[1 + k / 1000 for k in range(400)], norm_w=list(range(1, 251)))
    own = replace(own, cells_per_block=6, replicates_per_block=5)
    built = []
    build = cells.build_dataset
    monkeypatch.setattr(cells, "build_dataset", lambda *a: built.append(1) or build(*a))
    names = grid(own).names
    assert len(names) == 400 * 42 and len(built) <= 251  # one of each length of a row
    block = grid(own).block(names[-1])
    assert [cell.data.settings["norm_w"] for cell in block.cells] == [247, 248, 249, 250]


def test_turning_one_value_into_a_list_changes_no_block():
    assert blocks(experiment(n=50)).items() <= blocks(experiment(n=[50, 100])).items()


def test_adding_replicates_changes_no_full_block():
    before, after = blocks(experiment()), blocks(replace(experiment(), replicates=8))
    full = {name: block for name, block in before.items() if len(block.replicates) == 2}
    assert full.items() <= after.items() and len(full) == 2 and len(after) == 4


def test_draw_of_a_replicate_does_not_depend_on_its_block():
    """Adding replicates to the last block, or changing block sizes, keeps every truth and start."""
    own = experiment()
    given = own.seed, own.model, own.start, grid(own).first()
    truths, starts = draw(*given, [0, 1, 2])
    for replicate in range(3):
        (truth,), start = draw(*given, [replicate])
        np.testing.assert_array_equal(truths[replicate], truth)
        np.testing.assert_array_equal(starts[[replicate]], start)


def test_traces_of_a_task_do_not_depend_on_the_threads_of_blas():
    own = experiment(n=100_000, d=10)  # enough for BLAS to split its sums
    own = replace(own, iterations=10, replicates=1)
    task, traces = fit_task(own, ["em"], grid(own).names[0]), []
    for threads in (1, 2):
        with threadpool_limits(threads):
            traces.append(pd.DataFrame(fit_block(task, {}, print).rows))
    pd.testing.assert_frame_equal(*traces, check_exact=True)


def with_em(own, **changes):
    """Return an experiment with other limits of EM."""
    return replace(own, fitters=own.fitters | {"em": Fitter("em", **changes)})


def test_fitter_with_fewer_replicates_has_only_the_blocks_that_hold_them():
    own = with_em(experiment(n=[50, 100]), replicates=3)
    tasks = [fit_task(own, ["em"], block) for block in blocks_of(own, "em")]
    found = [(t.cells[0].data.settings["n"], t.replicates) for t in tasks]
    assert found == [(50, (0, 1)), (50, (2, 3)), (100, (0, 1)), (100, (2, 3))]
    # A block's task knows nothing of replicates that follow it.
    assert [task.fitters["em"].replicates for task in tasks] == [2, 3, 2, 3]
    rows = fit_block(tasks[1], {}, print).runs
    assert [row["replicate"] for row in rows] == [2]
    assert blocks_of(own, "gradient_em") == grid(own).names


def test_a_block_of_a_large_grid_is_found_without_naming_the_others():
    own = experiment(n=list(range(1000, 1060)), d=[2, 3])
    own = replace(own, cells_per_block=30, replicates_per_block=own.replicates)
    all_named = cells.Grid(own, "x")
    assert len(all_named.names) == 4 and all("_and_29." in name for name in all_named.names)
    for name in all_named.names:
        alone = cells.Grid(own, "x")
        assert alone.block(name) == all_named.block(name)
        assert "_named" not in vars(alone)
    with pytest.raises(KeyError, match="n1000"):
        alone.block(all_named.names[0].replace(".r", "0.r"))


def test_fitters_own_iterations_replace_the_experiments():
    own = with_em(experiment(), iterations=7)
    task = fit_task(own, ["em", "gradient_em"], grid(own).names[0])
    assert task.fitters["em"].iterations == 7
    assert task.fitters["gradient_em"].iterations == 100


def all_tasks(own, fitter):
    return [fit_task(own, [fitter], block) for block in grid(own).names]


def test_task_of_a_fitter_holds_nothing_of_other_fitters():
    changed = with_em(experiment(), settings={"m_step_tolerance": 0.5}, iterations=2, replicates=1)
    changed = replace(
        changed, fitters={n: f for n, f in changed.fitters.items() if n != "gradient_em"}
    )
    assert all_tasks(changed, "gradient_descent") == all_tasks(experiment(), "gradient_descent")
    other = Fitter("gradient_descent", {"step": 0.2})
    changed = replace(changed, fitters=changed.fitters | {"gradient_descent": other})
    assert all_tasks(changed, "gradient_descent") != all_tasks(experiment(), "gradient_descent")


def test_task_depends_on_seed_model_and_data():
    def task(own):
        return fit_task(own, ["em"], grid(own).names[0])

    before = task(experiment())
    for other in (
        experiment(seed=8),
        experiment(model={"name": NAME, "noise_sd": 3.0}),
        experiment(n=299),
    ):
        assert task(other) != before


def test_seed_of_an_experiment_replaces_the_base_seed_and_keeps_its_cells():
    settings = smoke_settings()["experiments"][NAME]
    own = records.experiment(settings | {"seed": 8}, NAME, seed=7)
    base = records.experiment(settings, NAME, seed=7)
    block = grid(base).names[0]
    before, after = (fit_task(e, ["em"], block) for e in (base, own))
    assert after == replace(before, seed=8)
    assert fit_task(records.experiment(settings, NAME, seed=8), ["em"], block) == after
