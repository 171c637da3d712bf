"""The benchmark at toy size: the peers do our work, and the table says what it should."""

import re
import sys

import msgspec
import numpy as np
import pandas as pd
import pytest
from msgspec.structs import replace
from workflow_helpers import ROOT

sys.path.insert(0, str(ROOT))  # `benchmarks` is no part of the package

from benchmarks import __main__ as program
from benchmarks import fit_job, inputs, measure, scaling_figure, table
from benchmarks.cases import (
    em_iteration,
    fashion_pass,
    fashion_protocol,
    m_step,
    mixture,
    overhead,
    scaling,
    stream,
    synthetic,
)
from benchmarks.measure import Timing
from benchmarks.peers import flexmix, gemm, mixture_loop
from emmoe.datasets._shared.idx import read_idx
from emmoe.lab.recorder import record
from emmoe.mixture import em, fit, starts
from emmoe.models.logistic_experts import LogisticExperts
from emmoe.models.regression import Sample
from emmoe.models.symmetric_linear import SymmetricLinear
from emmoe.record import cells, plan, read
from emmoe.record.components import build_fitter
from emmoe.store.files import read_frame
from emmoe.store.provenance import environment

CASES = {
    "fashion_pass": lambda: fashion_pass.run(n=300, d=9, replicates=3, rounds=2),
    "fashion_protocol": lambda: fashion_protocol.run(300, 50, 9, rounds=1, iterations=(1, 2)),
    "synthetic": lambda: synthetic.run(1, n=200, d=3, replicates=4, iterations=6),
    "em_iteration": lambda: em_iteration.run(n=500, d=4, rounds=2),
    "m_step": lambda: m_step.run(n=2000, d=4, rounds=1),
    "mixture": lambda: mixture.run(n=400, d=2, rounds=1),
    "stream": lambda: stream.run(n=4000, d=2, part=1000, batch=2000),
    "scaling": lambda: scaling.run(
        {"n": (100, 200), "d": (2, 4), "replicates": (1, 2)},
        {"n": 200, "d": 3, "image_n": 200, "pixels": 9},
        least=0,
    ),
}


@pytest.fixture(params=["numpy", "torch"])
def xp(request):
    """numpy, and PyTorch where it is installed."""
    return pytest.importorskip(request.param)


@pytest.fixture(scope="module")
def outcomes():
    return {name: run() for name, run in CASES.items()}


def instance():
    """A bound model of two linear experts, and a start."""
    rng = np.random.default_rng(3)
    x, truth = rng.standard_normal((400, 4)), rng.standard_normal(8)
    model = SymmetricLinear()
    sample = Sample(x, model.simulate(x, truth, rng))
    return model.bind(sample), truth + 0.4 * rng.standard_normal(8)


@pytest.mark.parametrize("fitter", inputs.PAPER)
def test_plain_loop_takes_our_iterations(xp, fitter):
    """To the same accuracy: an iterate's distance from ours is that of round-off."""
    model, start = instance()
    own = inputs.experiment_of("symmetric_linear")
    ours = []
    record(build_fitter(own.fitters[fitter]), model, start, iterations=30, visit=ours.append)
    arrays = (xp.asarray(array) for array in (model.sample.x, model.sample.y, start))
    states = mixture_loop.iterate(xp, *arrays, synthetic._settings(own, fitter))
    for state, (theta, loss, gradient) in zip(ours, states, strict=False):
        np.testing.assert_allclose(np.asarray(theta), state.theta, rtol=0, atol=1e-10)
        assert loss == pytest.approx(state.loss, rel=1e-12)
        np.testing.assert_allclose(np.asarray(gradient), state.gradient, rtol=0, atol=1e-10)


def test_plain_loop_measures_our_errors(xp):
    model, theta = instance()
    truth = -theta + 0.1
    found = mixture_loop.errors(xp, xp.asarray(theta), xp.asarray(truth))
    assert found == pytest.approx(tuple(model.recovery_errors(theta, truth).values()), rel=1e-12)


def test_peers_of_the_synthetic_protocol_get_our_data():
    own = inputs.experiment_of("symmetric_linear", n=60, d=3, replicates=3, replicates_per_block=2)
    losses = [
        mixture_loop.e_step(np, x, y, truth)[0] - mixture_loop.e_step(np, x, y, start)[0]
        for x, y, truth, start in synthetic.instances(own)
    ]
    rows = [row for block in cells.grid(own).names for row in _fitted(own, block)]
    assert losses == pytest.approx([-row["excess_loss_to_truth"] for row in rows], rel=1e-10)


def _fitted(own, block):
    """The first rows of the trace of a block's runs."""
    task = plan.fit_task(replace(own, iterations=1), ["em"], block)
    fits = synthetic.fit_block(task, {}, lambda line: None)
    return [row for row in fits.rows if row["iteration"] == 0]


@pytest.mark.parametrize("name", ["by_autograd", "by_hand"])
def test_torch_pass_is_ours(name):
    torch = pytest.importorskip("torch")
    from benchmarks.peers import softmax_torch

    sample = inputs.random_images(200, 2, d=6, dtype=np.float64)
    theta = inputs.random_weights(2, d=6, dtype=np.float64)
    loss, gradient = LogisticExperts().bind(sample).loss_and_gradient(theta)
    for r, signs in enumerate(sample.signs):
        x = softmax_torch.inverted(torch.from_numpy(sample.x), torch.from_numpy(signs))
        weights = torch.from_numpy(theta[r].reshape(-1, 6))
        of_peer = getattr(softmax_torch, name)(x, torch.from_numpy(sample.y), weights)
        assert of_peer[0] == pytest.approx(loss[r], rel=1e-12)
        np.testing.assert_allclose(of_peer[1].numpy().ravel(), gradient[r], rtol=0, atol=1e-14)


def test_flexmix_takes_our_first_step_and_ends_near_our_maximum():
    """Near: its variances divide by less than a cluster's weight."""
    if not flexmix.installed():
        pytest.skip(flexmix.MISSING)
    problem = mixture.two_lines(1000, 3)
    model = mixture.bound(problem)
    theta = starts.start(model, 0, 0, starts.pooled(model))
    given = problem.x, problem.y, model.responsibilities(theta).T, 1e-8
    stepped = model.log_likelihood(em.solved_em_step(model, theta)[1])
    assert flexmix.fit(*given, 1).log_likelihood == pytest.approx(stepped, abs=0.1)
    end, best = flexmix.fit(*given, 1000), fit(problem, 2, n_init=1).loglik
    assert best - 0.1 < end.log_likelihood < best
    assert end.experts == 2 and 1 < end.iterations < 1000 and end.seconds > 0


def test_flexmix_is_named_where_it_is_not_there(monkeypatch):
    monkeypatch.setattr(flexmix.shutil, "which", lambda name: None)
    (row,) = mixture.beside_flexmix(mixture.two_lines(50, 1), Timing(np.ones(2)), 1)
    assert (row.other, row.met) == (mixture.PEER_EM, f"skipped: {flexmix.MISSING}")


def test_scikit_learn_solves_our_m_step():
    model, theta = m_step.problem(3000, 4)
    _, gradient, statistic = model.e_step(theta)
    solution = model.m_step(theta, statistic, gradient, 1e-6)
    bound = 1e-6 * np.abs(gradient).max()
    found = m_step.by_scikit_learn(model, theta, statistic[0], bound)
    assert np.abs(model.q_gradient(found, statistic)).max() <= 1.1 * bound
    # Where curvature is small, a gradient of 1e-6 leaves a few 1e-4 of the solution.
    distance = model.orbit(found)[0] - model.orbit(solution)[0]
    assert np.linalg.norm(distance) <= 1e-3 * np.linalg.norm(solution)


def test_bare_products_read_every_part_forward_and_backward():
    x, weights = np.random.default_rng(0).random((2, 12, 5))
    seen = []
    parts = [slice(0, 8), slice(8, 12)]
    gemm.bare(_Watched(x, seen), weights, parts)()
    assert [tuple(part) for part in seen] == [(0, 8), (0, 8), (8, 12), (8, 12)]


class _Watched:
    """An array that notes which rows are asked for."""

    def __init__(self, array, seen):
        self.array, self.seen, self.dtype = array, seen, array.dtype

    def __getitem__(self, part):
        self.seen.append((part.start, part.stop))
        return self.array[part]


@pytest.mark.parametrize("case", CASES)
def test_case_gives_a_row_for_everything_it_compares(outcomes, case):
    rows = outcomes[case].rows
    assert rows
    for row in rows:
        assert row.kind in ("limit", "peer", "number")
        assert np.isfinite(row.ours) or case == "scaling"
        assert row.met.startswith("skipped") or bool(row.target) == (row.met in ("yes", "no"))
        if row.kind != "number" and not row.met.startswith("skipped"):
            assert row.low <= row.ratio <= row.high and row.theirs > 0


def test_projected_protocol_counts_the_passes_of_all_iterations(outcomes):
    """EM of 15 inner steps takes 1 + 100 x 15 passes, the other two 1 + 100 each."""
    names = {row.other for row in outcomes["fashion_protocol"].rows}
    assert "bare GEMMs of 1703 passes a block" in names


def test_last_line_has_the_strictest_of_each_headline(outcomes):
    rows = table.frame([row for outcome in outcomes.values() for row in outcome.rows])
    line = table.last_line(rows)
    number = r"(nan|[\d.e+-]+)"
    names = ("gemm_ratio", "torch_ratio", "synthetic_cpu_s", "overhead_s")
    found = re.fullmatch("bench: " + " ".join(f"{name}={number}" for name in names), line)
    assert float(found[1]) == pytest.approx(
        rows.ratio[rows.headline == "gemm_ratio"].max(), rel=1e-3
    )
    assert float(found[3]) > 0 and found[4] == "nan"


def test_ratios_are_of_one_round_and_say_how_often_a_peer_is_slower():
    case = table.Case("pass", Timing(np.array([1.0, 2.0, 3.0])))
    case.limit("products", Timing(np.array([1.0, 1.0, 2.0])), 1.6)
    case.peer("loop", Timing(np.array([3.0, 3.0, 3.0])), 3)
    case.skipped("PyTorch", "not there")
    limit, peer, absent = case.rows
    assert (limit.ratio, limit.low, limit.high, limit.met) == (1.5, 1.0, 2.0, "yes")
    assert (peer.ratio, peer.low, peer.high, peer.met) == (1.5, 1.0, 3.0, "no")
    assert np.isnan(absent.ratio) and absent.met == "skipped: not there"


def test_readable_table_has_a_line_for_each_row(outcomes):
    rows = table.frame(outcomes["em_iteration"].rows)
    text = table.readable(rows)
    assert len(text.splitlines()) == 2 + len(rows)
    assert "weighted Gram by BLAS" in text and "≤ 3" in text


def test_files_of_a_run_tell_the_machine_and_output_ends_with_the_line(outcomes, tmp_path, capsys):
    rows = table.frame([row for outcome in outcomes.values() for row in outcome.rows])
    outcomes["scaling"].tables["scaling"].to_csv(tmp_path / "scaling.csv", index=False)
    machine = msgspec.to_builtins(environment()) | {
        "created": "now",
        "others": {"torch": None},
        "minutes": 1.0,
    }
    by_kind = pd.DataFrame({"rule": ["fit", "gather"], "jobs": [3, 1], "seconds": [6.0, 2.0]})
    by_kind.to_csv(tmp_path / "overhead.csv", index=False)
    program.write(rows, machine, tmp_path)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == table.last_line(rows)
    text = (tmp_path / "bench.md").read_text()
    assert last in text and machine["cpu"] in text and "torch" not in text.partition("\n| ")[0]
    assert "| fit | 3 | 6 | 75 |" in text
    names = {path.name for path in tmp_path.iterdir()} - {"overhead.csv"}
    figure = {"scaling.csv", "scaling.png", "scaling.pdf"}
    assert names == {"bench.csv", "bench.md", "machine.json"} | figure
    assert len(pd.read_csv(tmp_path / "bench.csv")) == len(rows)


def test_an_unknown_case_is_told_in_one_line(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["benchmarks", "nonsense"])
    with pytest.raises(SystemExit, match=r"^error: no such case: nonsense; there are fashion_pass"):
        program.main()


def test_memory_of_a_call_is_what_it_takes_beyond_what_is_there():
    kept = np.ones(10_000_000)  # so large that no memory freed before is taken for it
    found = measure.interleave({"80 MB": lambda: np.ones(10_000_000).sum()}, rounds=2)["80 MB"]
    assert len(kept) == found.returned[0] and len(found.seconds) == 2
    if measure.PROCESS.exists():
        assert 75 <= found.memory <= 90


def test_overhead_takes_the_start_up_of_computing_jobs_for_overhead(tmp_path):
    for name, seconds in {
        "fit/a/b.tsv": 5.0,
        "fit/a/c.tsv": 3.0,
        "figure/f.tsv": 4.0,
        "report.tsv": 2.0,
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"s\th:m:s\n{seconds}\t0:00:00\n")
    found = overhead.by_rule(overhead.read_records(tmp_path), 1.5).set_index("rule")
    assert found.beyond_start_up.to_dict() == {"figure": 2.5, "fit": 5.0, "report": 0.5}
    assert found.computing.to_dict() == {"figure": False, "fit": True, "report": False}
    whole = overhead.with_rest(found.reset_index(), available=20.0)
    assert whole.seconds.tolist() == [8.0, 6.0, 4.0, 2.0] and whole.seconds.sum() == 20.0
    assert whole.rule.tolist() == ["fit", overhead.REST, "figure", "report"]


def test_fit_job_on_random_downloads_fits_what_the_workflow_would(tmp_path):
    inputs.write_random_downloads(tmp_path, 800, 20)
    images = read_idx(tmp_path / "fashion-mnist" / "train-images-idx3-ubyte.gz")
    assert images.shape == (800, 28, 28) and images.max() == 255
    config = inputs.config_of(
        "fashion_mnist",
        train_size=800,
        iterations=1,
        replicates=2,
        replicates_per_block=2,
        fitters={"gradient_descent": {"algorithm": "gradient_descent", "step": 0.1}},
    )
    given = read.check(config), "fashion_mnist", "gradient_descent"
    job = fit_job.fit(*given, tmp_path, tmp_path / "out")
    trace = read_frame(job.outputs["trace"])
    assert sorted(trace.iteration) == [0, 0, 1, 1] and trace.test_accuracy.notna().all()


def test_scaling_is_fitted_on_log_axes_and_drawn():
    sizes = np.array([10, 100, 1000])
    points = pd.DataFrame({"size": sizes, "cpu_seconds": 3e-6 * sizes**1.5})
    assert scaling.exponent(points) == pytest.approx(1.5)
    points = points.assign(
        cpu_seconds_low=points.cpu_seconds / 2, cpu_seconds_high=2 * points.cpu_seconds
    )
    curves = [
        points.assign(curve=name, varied=varied, exponent=1.5)
        for name in scaling_figure.LOOKS
        for varied in scaling_figure.TITLES
    ]
    figure = scaling_figure.draw(pd.concat(curves))
    assert [axes.get_xscale() for axes in figure.axes] == ["log"] * 3
    assert [text.get_text() for text in figure.axes[0].texts] == ["1.50"] * 3
    bars = figure.axes[0].collections[0].get_segments()
    np.testing.assert_allclose([bar[:, 1] for bar in bars], 3e-6 * np.outer(sizes**1.5, [0.5, 2]))


@pytest.mark.parametrize("experiment", ["fashion_mnist", "symmetric_linear"])
def test_an_experiment_of_a_single_replicate_can_be_made_of_each_that_is_measured(experiment):
    own = inputs.experiment_of(experiment, replicates=1, replicates_per_block=1, iterations=1)
    counts = {(f.replicates, f.iterations) for f in own.fitters.values()}
    assert all(count in (None, 1) for pair in counts for count in pair)
