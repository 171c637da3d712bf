"""The curves that the page draws are the tables' numbers, and its readings the paper's."""

import pandas as pd
import pytest
import report_helpers as made_up

from emmoe.evidence.reach import CURRENCIES
from emmoe.jobs.base import layout_of
from emmoe.jobs.fit import Fit
from emmoe.jobs.report import origins
from emmoe.report import audit, clocks, curves, series
from emmoe.report.data import packed
from emmoe.store.files import read_frame, write_bytes
from emmoe.store.layout import CLAIMS


@pytest.fixture
def own(tmp_path):
    made_up.with_curves(tmp_path)
    return made_up.record(tmp_path)


def test_figure_of_a_summary_names_its_metrics_and_others_none(own):
    metrics = ["excess_loss_to_truth", "excess_loss_to_final"]
    assert curves.plotted(own.figures["figure_1"]) == {"symmetric_linear": metrics}
    assert curves.plotted(own.figures["error_floor"]) == {}


def test_drawn_curves_are_the_summarys_means_and_deviations(own):
    layout = layout_of(own)
    drawn = curves.drawn(own, layout, {})
    assert set(drawn.figures) == {"figure_1", "figure_2"}  # of the other experiments is nothing
    summary = read_frame(layout.gathered("symmetric_linear")["summary"])
    assert set(drawn.runs["symmetric_linear"]) == set(made_up.FITTERS)  # no figure shows another
    shown = summary[summary["fitter"].isin(made_up.FITTERS)]
    for (fitter, metric), rows in shown.groupby(["fitter", "metric"]):
        curve = drawn.runs["symmetric_linear"][fitter]
        if metric in curve.y:
            assert curve.x["iteration"] == rows["iteration"].tolist()
            assert curve.y[metric] == pytest.approx(rows["mean"].tolist(), rel=1e-3)
            assert curve.sd[metric] == pytest.approx(rows["std"].tolist(), rel=1e-3)
        elif metric in ("passes", "flops"):
            assert curve.x[metric] == pytest.approx(rows["mean"].tolist(), rel=1e-3)


def test_curves_lie_on_the_clock_of_the_provenance_of_their_fits(own):
    made_up.with_clocks(own)
    known = origins(own).clocks
    assert set(known) == {"symmetric_linear"}
    curve = curves.drawn(own, layout_of(own), known).runs["symmetric_linear"]["em"]
    assert set(curve.x) == set(CURRENCIES)
    assert curve.x["cpu_seconds"] == pytest.approx([1.5 * (3 + t) for t in range(41)], rel=1e-3)


def test_runs_that_were_computed_together_share_their_time(own):
    fit = next(iter(Fit.of_all(own, "fashion_mnist")))
    together = {"replicates": [5, 6], "cpu_seconds": [4.0, 10.0]}
    found = clocks.clocks([made_up.made(fit, {"records": [together]})])["fashion_mnist"]
    rows = list(found.itertuples(index=False, name=None))
    assert rows == [(fit.fitter, r, t, s) for r in (5, 6) for t, s in ((0, 2.0), (1, 5.0))]


def test_fits_that_kept_no_clock_of_every_state_have_none(own):
    fit = next(iter(Fit.of_all(own, "sweep_linear_small")))  # rows: sparse
    record = {"replicates": [0], "cpu_seconds": [9.0]}
    write_bytes(made_up.made(fit, {"records": [record]}).sealed(), fit.provenance)
    assert origins(own).clocks == {}


def test_instances_are_the_traces_runs_over_their_own_costs(own):
    layout = layout_of(own)
    curve = curves.drawn(own, layout, {}).runs["symmetric_linear"]["em"]
    trace = read_frame(layout.gathered("symmetric_linear")["trace"])
    for replicate, instance in enumerate(curve.instances):
        run = trace[(trace["fitter"] == "em") & (trace["replicate"] == replicate)]
        assert instance["flops"] == pytest.approx(run["flops"].tolist(), rel=1e-3)
        assert "passes" not in instance and run["passes"].tolist() == curve.x["passes"]
        final = run["loss"] - run["loss"].iloc[-1]
        assert instance["excess_loss_to_final"] == pytest.approx(final.tolist(), rel=1e-3)
    assert len(curve.instances) == curve.replicates == 2


@pytest.mark.parametrize("length", [1, 2, 201, 202, 1001, 100_001])
def test_long_curves_keep_their_ends_and_at_most_201_points(length):
    kept = list(series.thinned(length))
    assert kept[0] == 0 and kept[-1] == length - 1 and len(kept) <= series.POINTS
    assert kept == sorted(set(kept))
    assert len(kept) == min(length, series.POINTS) or kept[1] - kept[0] <= kept[-1] - kept[-2]


def test_missing_and_infinite_values_are_nothing_to_draw():
    values = [1.23456, float("nan"), float("inf"), -1e-9]
    assert series.short(values) == [1.235, None, None, -1e-9]


def test_readings_lie_on_the_runs_that_the_audit_sets_beside_them(tmp_path, own):
    made_up.with_audit(tmp_path)
    judged = audit.load(layout_of(own), made_up.ROOT / CLAIMS)
    found = {one.claim: one for one in curves.readings(own, judged.claims)}
    claims = pd.read_csv(made_up.ROOT / CLAIMS).set_index("claim_id")
    claim, reading = claims.loc["figure_2a_em_2"], found["figure_2a_em_2"]
    assert (reading.experiment, reading.fitter) == ("symmetric_linear", "em")
    assert (reading.metric, reading.iteration) == ("relative_error_beta", claim["iteration"])
    assert (reading.low, reading.high) == (claim["low"], claim["high"])
    assert "em_first" not in found  # an ordering is no point of a curve


def test_readings_far_within_their_error_are_at_zero(tmp_path, own):
    made_up.with_audit(tmp_path)
    judged = audit.load(layout_of(own), made_up.ROOT / CLAIMS)
    error = pd.read_csv(made_up.ROOT / CLAIMS).set_index("claim_id")["read_uncertainty"]
    zero = {one.claim: one.zero for one in curves.readings(own, judged.claims)}
    for claim in judged.claims:
        if claim.id in zero:
            assert zero[claim.id] == (10 * claim.reported <= error.get(claim.id, 0)), claim.id
    assert 0 < sum(zero.values()) < len(zero)


def test_curves_are_told_by_where_they_start_and_end(own):
    drawn = curves.drawn(own, layout_of(own), {})
    text = curves.told(drawn.figures["figure_2"][0], drawn)
    assert "EM from 1.5 to 1.36e-12 at iteration 40; Gradient EM from 1.5" in text


def test_packed_data_hold_any_text_and_end_no_script():
    content = {"text": made_up.HOSTILE, "numbers": [1.5, None]}
    page = f'<script type="text/plain" id="data">{packed(content)}</script>'
    assert page.count("</script>") == 1 and made_up.data(page) == content
