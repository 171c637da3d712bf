"""A world in which our runs give the paper's curves, so that the audit's verdicts are known."""

from functools import cache

import numpy as np
import pandas as pd
from workflow_helpers import ROOT

from emmoe.audit.build import Sources, build
from emmoe.audit.calibration import calibration as made
from emmoe.audit.parts import Setup, parts
from emmoe.audit.runs import Runs
from emmoe.calibration.family import families
from emmoe.evidence import reported
from emmoe.record.read import load

RECORD = load(ROOT / "config.yaml")
FAMILIES = families(RECORD)
FITTERS = ("em", "gradient_em", "gradient_descent")
TRY = "fast_gate"
MODELS = {"symmetric_linear": 50, "logistic_experts": 25}
METRICS = {
    "symmetric_linear": ("excess_loss_to_truth", "relative_error_beta", "relative_error_w"),
    "logistic_experts": ("test_accuracy", "loss"),
}


def claims_file():
    return pd.read_csv(ROOT / "data" / "reported" / "claims.csv")


def changed(claim_id, **values):
    """The claims with other values in a claim's row."""
    frame = claims_file()
    for column, value in values.items():
        frame.loc[frame["claim_id"] == claim_id, column] = value
    return reported.load(frame)


@cache
def reported_curve(model, fitter, metric):
    """The paper's means and spreads at iterations 0 to 100, filled in between the readings."""
    claims = reported.load(claims_file())
    own = claims[(claims["model"] == model) & (claims["algorithm"] == fitter)]
    own = own[(own["metric"] == metric) & (own["source"] != "poster")]
    own = own[own["where"].str.startswith("figure") & own["kind"].isin(reported.READINGS)]
    own = own.sort_values("iteration")
    below = own["value"].where(own["kind"] == "value", -1e-3)  # where the paper gives a bound
    means = np.interp(np.arange(101), own["iteration"], below)
    known = own[own["spread"].notna()]
    return means, np.interp(np.arange(101), known["iteration"], known["spread"])


def trace(model, offset=0.0, seed=1, fitters=FITTERS):
    """Runs whose means are the paper's, plus `offset` standard deviations after the start."""
    rng, replicates = np.random.default_rng(seed), MODELS[model]
    luck = rng.standard_normal(replicates)  # one for all fitters: runs come in pairs
    luck = (luck - luck.mean()) / luck.std(ddof=1)
    frames = []
    for fitter in (*fitters, *([TRY] if model == "symmetric_linear" else [])):
        table = {}
        for metric in METRICS[model]:
            means, spreads = reported_curve(model, "em" if fitter == TRY else fitter, metric)
            shift = np.where(np.arange(101) > 0, offset, 0.0)
            table[metric] = means + spreads * (luck[:, None] + shift)
        if model == "symmetric_linear":
            table["loss"] = table["excess_loss_to_truth"] + 1.0
        index = {"replicate": np.repeat(np.arange(replicates), 101)}
        index |= {"iteration": np.tile(np.arange(101), replicates)}
        facts = {"experiment": model, "cell": "all", "fitter": fitter, "status": "max_iterations"}
        frames.append(
            pd.DataFrame(index | {m: v.ravel() for m, v in table.items()}).assign(**facts)
        )
    return pd.concat(frames, ignore_index=True)


@cache
def traces(offset=0.0, seed=1):
    return {model: trace(model, offset, seed) for model in MODELS}


@cache
def paper_parts():
    """The parts of the paper's curves."""
    return parts(reported.load(claims_file()), FAMILIES)


@cache
def runs(offset=0.0, seed=1, missing=(), stale=()):
    """Our runs; missing: pairs of a (model, fitter) and why; stale: (model, fitter)."""
    tries = {("symmetric_linear", "gradient_descent"): {TRY: "step 1.6"}}
    return Runs(dict(traces(offset, seed)), dict(missing), tries, frozenset(stale))


def tables(outcomes, data=(), hand=()):
    """Settings, scores and predictions in which each setting meets ("met") or fails ("fails").

    outcomes: setting -> part ("calibration", "held_out") or (curve_id, part) -> "met" (as it is
    by default), "fails", or how many standard errors off it is; every setting is one of every
    algorithm, named setting-algorithm-model; data: setting -> what it shares with others of the
    same value; hand: settings fitted by hand."""
    found, settings, scores, predictions = paper_parts(), [], [], []
    families = {"symmetric_linear": "symmetric_linear", "logistic_experts": "fashion_mnist"}
    for (curve, name), part in found.items():
        for setting, own in outcomes.items() if curve == part.predicted_as else ():
            full = ("linear-000-" if setting in hand else "") + setting
            row = {"setting": f"{full}-{part.algorithm}-{part.model}"}
            shared = dict(data).get(setting, 1.0)
            facts = {"family": families[part.model], "algorithm": part.algorithm}
            settings.append(row | facts | {"n_over_d": shared, "step_w": float(len(setting))})
            row |= {"curve_id": curve}
            count = len(part.readings)
            scores.append(row | {"part": name, "readings": count, "critical": 4.0})
            off = own.get((curve, name), own.get(name, "met"))
            off = {"met": 0.0, "fails": 30.0}.get(off, off)
            for reading in part.readings.itertuples():
                spread = np.nan_to_num(reading.spread)
                error = np.sqrt(reading.uncertainty**2 + spread**2 * (1 / 16 + 1 / part.instances))
                moments = {"mean": reading.reported + off * error, "std": spread, "replicates": 16}
                predictions.append(row | {"iteration": reading.iteration} | moments)
    settings = pd.DataFrame(settings).drop_duplicates(ignore_index=True)
    return settings, pd.DataFrame(scores), pd.DataFrame(predictions)


def calibration(outcomes, fresh=None, **options):
    """A calibration of such settings (see `tables`); fresh: the outcomes on five fresh seeds, by
    default those of the search, or False for none."""
    settings, scores, predictions = tables(outcomes, **options)
    anew = None
    if fresh is not False:
        _, tests, again = tables(fresh or outcomes, **options)
        own = again.merge(parted(), on=["curve_id", "iteration"])
        own = own.merge(tests, on=["setting", "curve_id", "part"])
        anew = pd.concat([own.assign(seed=seed) for seed in range(5)], ignore_index=True)
    return made(settings, scores, predictions, anew, paper_parts(), 0.01)


def parted():
    """Which part each reading of a curve is in."""
    rows = [
        {"curve_id": curve, "part": name, "iteration": t}
        for (curve, name), part in paper_parts().items()
        for t in part.readings["iteration"]
    ]
    return pd.DataFrame(rows)


GOOD = {"good": {}}


def sources(**changes):
    """What the audit of this world is made from."""
    given = {
        "claims": reported.load(claims_file()), "families": FAMILIES,
        "fitted_to": {"symmetric_linear": "all", "logistic_experts": "calibration"},
        "ours": runs(), "again": runs(seed=2), "theory": "not run here",
        "contests": None, "theorems": None,
        "calibration": calibration(GOOD), "files": {}, "stale_theory": False, "stale_search": {},
        "setup": Setup(0.01, 5),
    }  # fmt: skip
    return Sources(**(given | changes))


@cache
def world():
    """The audit of this world, as it is."""
    return build(sources())


def audit(**changes):
    """The audit of a changed world: rows by claim_id and parts by (curve_id, part)."""
    found = build(sources(**changes)) if changes else world()
    return found.rows.set_index("claim_id"), found.curves.set_index(["curve_id", "part"])
