"""Made-up results in the formats of the real ones, and the reference's real figures and tables."""

import json
import shutil
from pathlib import Path

import pandas as pd

from emmoe.jobs.base import layout_of
from emmoe.jobs.contest import Contest
from emmoe.jobs.fit import Fit
from emmoe.jobs.report import origins
from emmoe.record.read import load
from emmoe.report import build
from emmoe.store.files import write_bytes
from emmoe.store.provenance import Environment, Made, Pool, digest

ROOT = Path(__file__).resolve().parents[1]
FITTERS = ("em", "gradient_em", "gradient_descent")
VERDICTS = ("reproduced", "attainable", "not determinable", "inconsistent")
LEFT_OUT = ("snr_linear.png", "spurious_minima.csv")  # of the target `sweep`
RUN = "traces/symmetric_linear/{}/d10-n10000-anglerandom-norm_beta1.25-norm_w1.25.r000-049.parquet"


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
    rows.append(
        _row("table2_em_accuracy", "value", "table_2", "em", "inconsistent", reported=0.785)
    )
    rows.append(
        _row("em_first", "ordering", "figure_1a", "em gradient_em", "attainable", stale=True)
    )
    rows.append(_row("abstract_1", "identity", "abstract", "em", "not tested", reason="a < b & c"))
    folder = results / "audit" / "figures"
    folder.mkdir(parents=True)
    pd.DataFrame(rows).to_csv(folder / "audit.csv", index=False)
    pd.DataFrame(_curves()).to_csv(folder / "curves.csv", index=False)


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


def with_findings(results):
    """Write three findings: one of each state."""
    (results / "findings").mkdir(parents=True)
    for number, supported in ((9, None), (1, True), (2, False)):
        content = {
            "id": f"F{number}",
            "title": f"Finding number {number}",
            "claim": "One thing is another.",
            "text": "It came out so.",
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
    pools = (Pool("openblas", "0.3", "Haswell", 1),)
    machine = Environment("c" * 40, "3.11", {"numpy": "2"}, "a CPU", 2, pools)
    jobs = [*Fit.of_all(own, "digits"), Contest(own, "fair_digits_small")]
    for job in jobs:
        other = job.kind == "contest" or job.fitter == "em"
        made = Made(
            job.kind, job.name, "0" * 64 if other else job.code, digest(job.plain_task), {}, {}, {},
            "2026-01-02T03:04:05", 3.0, machine,
        )  # fmt: skip
        write_bytes(made.sealed(), job.provenance)


def complete(results):
    """Write results of every kind; return the record that shows them."""
    own = record(results)
    with_products(results)
    with_audit(results)
    with_findings(results)
    with_calibration(results)
    with_fits(own)
    return own
