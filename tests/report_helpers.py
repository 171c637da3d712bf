"""Made-up results in the formats of the real ones, and the reference's real figures and tables."""

import base64
import gzip
import json
import re
import shutil
from pathlib import Path

import pandas as pd

from emmoe.evidence.summary import summarise
from emmoe.jobs.base import layout_of
from emmoe.jobs.contest import Contest
from emmoe.jobs.fit import Fit
from emmoe.jobs.report import origins
from emmoe.record.read import load
from emmoe.report import build
from emmoe.store.files import write_bytes
from emmoe.store.layout import Layout
from emmoe.store.provenance import Environment, Made, Pool, digest

ROOT = Path(__file__).resolve().parents[1]
FITTERS = ("em", "gradient_em", "gradient_descent")
VERDICTS = ("reproduced", "attainable", "not determinable", "inconsistent")
LEFT_OUT = ("snr_linear.png", "spurious_minima.csv")  # of the target `sweep`
RUN = "traces/symmetric_linear/{}/d10-n10000-anglerandom-norm_beta1.25-norm_w1.25.r000-049.parquet"
HOSTILE = (
    """<img src=x onerror="document.title='run'"> </script> & 'quoted' {{ 7 * 7 }} \u05d0\u05d1 """
)
HOSTILE += "long" * 60


def record(results):
    """Return the real record, its results in another folder."""
    return load(ROOT / "config.yaml", {"folders": {"results": str(results)}})


def page(own):
    """Return the report of a record's results."""
    return build.render(own, layout_of(own), origins(own))


def with_products(results):
    """Put the reference's figures and tables into a folder of results, but for LEFT_OUT."""
    for folder in ("figures", "tables"):
        source = ROOT / "results" / "reference" / folder
        shutil.copytree(source, results / folder, ignore=shutil.ignore_patterns(*LEFT_OUT))


def data(text):
    """Return what a page's scripts are given."""
    packed = re.search(r'<script type="text/plain" id="data">(.*?)</script>', text)[1]
    return json.loads(gzip.decompress(base64.b85decode(packed)))


def figures():
    """Return the names of the record's figures that `with_products` makes."""
    names = {path.stem for path in (ROOT / "results/reference/figures").glob("*.png")}
    known = names & set(load(ROOT / "config.yaml").figures)
    return {name for name in known if f"{name}.png" not in LEFT_OUT}


def with_audit(results, readings=54):
    """Write an audit: readings of four panels by three algorithms, some orderings, odd texts."""
    rows = [
        row
        for panel in ("1a", "1b", "2a", "2b")
        for i, fitter in enumerate(FITTERS)
        for row in _readings(panel, fitter, VERDICTS[i], readings)
    ]
    facts = {"reported": 0.785, "curve_id": "table2_em_accuracy"}
    rows.append(_row("table2_em_accuracy", "value", "table_2", "em", "inconsistent", **facts))
    rows.append(
        _row("em_first", "ordering", "figure_1a", "em gradient_em", "attainable", stale=True)
    )
    rows.append(_row("abstract_1", "identity", "abstract", "em", "not tested", reason=HOSTILE))
    folder = results / "audit" / "figures"
    folder.mkdir(parents=True)
    pd.DataFrame(rows).to_csv(folder / "audit.csv", index=False)
    pd.DataFrame(_curves()).to_csv(folder / "curves.csv", index=False)
    runs = [
        {"id": f"symmetric_linear/{fitter}", "level": "run", "verdict": verdict, "reason": "met"}
        for fitter, verdict in zip(FITTERS, VERDICTS, strict=False)
    ]
    pd.DataFrame(runs).to_csv(folder / "runs.csv", index=False)


def _readings(panel, fitter, verdict, count):
    for t in range(count):
        facts = {"iteration": t, "reported": 0.5**t, "reproduced": 0.5**t + 0.01, "z": t - 9.5}
        name = f"figure_{panel}_{fitter}"
        yield _row(f"{name}_{t}", "value", f"figure_{panel}", fitter, verdict, **facts) | {
            "curve_id": name
        }


def _row(claim, kind, where, algorithm, verdict, reason="met by a setting", **facts):
    files = ";".join(f"results/{RUN.format(name)}" for name in algorithm.split())
    known = {"claim_id": claim, "kind": kind, "where": where, "algorithm": algorithm}
    return {**known, "verdict": verdict, "reason": reason, "files": files, "stale": False} | facts


def _curves():
    return [
        {"curve_id": f"figure_{panel}_{fitter}", "part": part, "verdict": VERDICTS[i]}
        | {"reason": "met", "statistic": 1.5, "critical": 2.5, "readings": 5}
        for panel in ("1a", "1b", "2a", "2b")
        for i, fitter in enumerate(FITTERS)
        for part in ("calibration", "held_out")
    ] + [{"curve_id": "table2_em_accuracy", "part": "held_out", "verdict": "inconsistent"}]


def with_curves(results, iterations=40):
    """Write runs of Figures 1 and 2: two instances of each fitter, and their summary."""
    metrics = ("excess_loss_to_truth", "relative_error_beta", "relative_error_w")
    trace = pd.DataFrame(
        {"experiment": "symmetric_linear", "cell": "all", "fitter": fitter, "replicate": r}
        | {"iteration": t, "passes": 1.0 + (i + 1) * t, "flops": 1e3 * (1 + (r + 1) * t)}
        | {"loss": 1.0 + level, "status": "converged"}
        | dict.fromkeys(metrics, level)
        for i, fitter in enumerate((*FITTERS, "fast_gate"))
        for r in (0, 1)
        for t in range(iterations + 1)
        for level in [(1 + r) * (0.5 + i / 10) ** t]
    )
    layout = Layout(str(results)).gathered("symmetric_linear")
    for path in layout.values():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    trace.to_parquet(layout["trace"])
    summarise(trace, ["passes", "flops", "loss", *metrics, "excess_loss_to_final"]).to_csv(
        layout["summary"], index=False
    )


def with_clocks(own):
    """Write the provenance of the fits of `with_curves`: 3 + t seconds for the first run, twice as
    many for the second."""
    for fit in Fit.of_all(own, "symmetric_linear"):
        clocks = {r: [(r + 1.0) * (3 + t) for t in range(41)] for r in (0, 1)}
        records = [{"replicates": [r], "cpu_seconds": own} for r, own in clocks.items()]
        write_bytes(made(fit, {"records": records}).sealed(), fit.provenance)


def with_findings(results):
    """Write three findings: one of each state, one of them with odd texts."""
    (results / "findings").mkdir(parents=True)
    for number, supported, odd in ((9, None, ""), (1, True, ""), (2, False, HOSTILE)):
        content = {
            "id": f"F{number}",
            "title": f"Finding number {number}{odd}",
            "claim": f"One thing is another. {odd}",
            "text": f"It came out so. {odd}",
            "supported": supported,
            "expected_met": supported,
            "numbers": {"steps": {"linear": 9, "logistic": 1.23456}, "floor": None},
            "products": ["figures/figure_1", "figures/figure_1_logistic"],
        }
        path = results / "findings" / f"f{number}.json"
        path.write_text(json.dumps(content))


def with_calibration(results):
    """Write a calibration: two settings accepted and one not."""
    (results / "calibration").mkdir(parents=True)
    rows = [
        {"setting": f"{algorithm}-{i}", "family": "symmetric_linear", "algorithm": algorithm}
        | {"d": d, "n_over_d": 1000.0, "norm_beta": 1.2 + i / 10, "accepted": i < 2}
        | {"start_beta": 1.1, "start_beta_sd": 0.2, "step_beta": 0.09 + i / 50, "step_w": 0.1}
        for algorithm in ("em", "gradient_descent")
        for i, d in enumerate((8, 12, 20))
    ]
    pd.DataFrame(rows).to_csv(results / "calibration" / "settings.csv", index=False)


def with_fits(own):
    """Write the provenance of the fits of the digits, those of EM by other code, and a contest."""
    jobs = [*Fit.of_all(own, "digits"), Contest(own, "fair_digits_small")]
    for job in jobs:
        other = job.kind == "contest" or job.fitter == "em"
        code = "0" * 64 if other else job.code
        write_bytes(made(job, {}, code).sealed(), job.provenance)


def made(job, notes, code=""):
    """Return made-up provenance of a job, by default by its own code."""
    pools = (Pool("openblas", "0.3", "Haswell", 1),)
    machine = Environment("c" * 40, "3.11", {"numpy": "2"}, "a CPU", 2, pools)
    return Made(
        job.kind, job.name, code or job.code, digest(job.plain_task), {}, {}, {},
        "2026-01-02T03:04:05", 3.0, machine, notes,
    )  # fmt: skip


def complete(results):
    """Write results of every kind; return the record that shows them."""
    own = record(results)
    with_products(results)
    with_curves(results)
    with_audit(results)
    with_findings(results)
    with_calibration(results)
    with_fits(own)
    with_clocks(own)
    return own
