"""The findings' figures and tables show the numbers they are given."""

import numpy as np
import pandas as pd
from test_findings import REPORTED, costs, floored, gate_step, image_summary, like_reported
from test_findings_of_runs import baselines

from emmoe.figures import cost_to_floor, curve_conflict
from emmoe.tables import baselines as baselines_table
from emmoe.tables._shared.traces import excess_losses


def test_curve_conflict_draws_the_mean_losses_and_the_readings():
    given = gate_step(floored, like_reported, like_reported)
    figure = curve_conflict.draw(**given, curves={})
    left, right = figure.axes
    lines = {line.get_label(): line for line in left.get_lines()}
    for name, curve in excess_losses(given["trace"], given["runs"]).items():
        np.testing.assert_array_equal(lines[name].get_ydata(), curve)
    of_curve = (REPORTED["algorithm"] == "gradient_descent") & (REPORTED["where"] == "figure_1a")
    read = REPORTED[of_curve & (REPORTED["kind"] == "value") & ~REPORTED["interpolated"]]
    np.testing.assert_array_equal(lines["reported"].get_xdata(), read["iteration"])
    np.testing.assert_array_equal(lines["reported"].get_ydata(), read["value"])
    assert {line.get_label() for line in right.get_lines()} == {"slow", "fast", "reported"}
    figure.draw_without_rendering()
    told = " ".join(figure.get_suptitle().split())
    positive = read[read["value"] > 0].set_index("iteration")["value"]
    curve = excess_losses(given["trace"], given["runs"])["slow"].reindex(positive.index)
    off = np.exp(np.abs(np.log(curve / positive)).median())
    assert f"by factors of {off:.2g} and " in told and off > 1.1


def test_curve_conflict_says_of_its_fitters_what_the_record_calls_them():
    given = gate_step(floored, like_reported, like_reported)
    figure = curve_conflict.draw(**given, curves={"fast_gate": "gate step 1.7"})
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert any(text.endswith(", gate step 1.7") for text in legend)
    assert any(text.endswith(", gradient descent") for text in legend)
    assert "with gate step 1.7 (medians)" in " ".join(figure.get_suptitle().split())


def test_cost_to_floor_draws_a_bar_to_every_median_and_says_who_arrives():
    table = costs(EM=9, slow=480, never=np.nan).assign(iterations_limit=800)
    table.loc[1, "reached_error"] = 3
    left, _ = cost_to_floor.draw(costs=table, curves={}).axes
    ends = [bar.get_x() + bar.get_width() for bar in left.patches]
    np.testing.assert_allclose(ends, [9, 480, 800])
    texts = [text.get_text() for text in left.texts]
    assert texts == ["9", "480 (3 of 5)", "not reached"]
    assert [label.get_text() for label in left.get_yticklabels()] == ["EM", "slow", "never"]


def test_baselines_stand_beside_the_last_accuracy_of_the_fitters():
    summary = image_summary(em=(0.7, 9), gd=(0.6, 9)).sample(frac=1, random_state=0)
    table = baselines_table.build(
        baselines=baselines(0.9, 0.2, 0.8), summary=summary, curves={"em": "EM"}
    )
    np.testing.assert_allclose(table["accuracy"], [0.9, 0.2, 0.8, 0.7])
    assert table["method"].iloc[-1] == "EM" and pd.isna(table["train_images"].iloc[-1])
