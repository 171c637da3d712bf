"""F6: strict spurious local minima of two symmetric linear experts, and EM's pace towards them."""

from itertools import pairwise
from typing import Annotated

import pandas as pd

from emmoe.findings.base import Finding, digits
from emmoe.record.cells import grid
from emmoe.record.check_reads import runs_of
from emmoe.record.entries import Product, Record
from emmoe.record.reads import Reads
from emmoe.tables._shared.runs import RUN, joined
from emmoe.tables.spurious_minima import NEEDS, verified

TITLE = "Spurious minima to which EM contracts"
CLAIM = (
    "Two symmetric linear experts have strict spurious local minima where the angle between beta* "
    "and w* is 60 to 90 degrees and |w*| is large against |beta*|; EM contracts to them at a "
    "healthy-looking rate."
)
WIDE = 60.0  # degrees
MOST = 0.95  # the share of the minima that must be where they are said to be
HEALTHY = 0.95  # a rate below takes at most 45 iterations for one more digit


def find(
    *,
    runs: Annotated[
        pd.DataFrame, Reads("runs", columns=[*RUN, *NEEDS, "rho_hat"], fitters=("em",))
    ],
) -> Finding:
    """Return the finding from a sweep's table of runs of EM on two symmetric linear experts.

    It cannot be told (None) where no cell has a wide angle and no minimum was found."""
    table = joined({"runs": runs}, {"em": "EM"}, [*NEEDS, "rho_hat"])
    found = verified(table)
    angles = sorted(float(angle) for angle in table["angle"].unique())
    numbers = {
        "runs": len(table), "cells": int(table["cell"].nunique()), "angles": angles,
        "minima": len(found), "cells_with_minima": int(found["cell"].nunique()),
    }  # fmt: skip
    looked = (
        f"EM was run {len(table)} times from random directions, over {numbers['cells']} cells at "
        f"{_degrees(angles)}. "
    )
    if found.empty:
        wide = max(angles) >= WIDE
        text = looked + "No run ended in a verified spurious minimum"
        text += (
            ", so the claim does not come out here."
            if wide
            else f"; none of these angles is {WIDE:.0f} degrees or wider, where they are expected, "
            "so this grid cannot tell. The full grid can."
        )
        verdict = False if wide else None
        return Finding("F6", TITLE, CLAIM, text, verdict, numbers, expected_met=verdict)
    numbers |= _facts(found)
    there = min(numbers["share_wide"], numbers["share_gate_larger"]) >= MOST
    met, supported = bool(there), numbers["rate_median"] < HEALTHY
    text = looked + _text(numbers)
    return Finding("F6", TITLE, CLAIM, text, supported, numbers, expected_met=met)


def check(record: Record, entry: Product) -> None:
    """Raise ValueError for cells of random angles, which no verdict can be about."""
    (own,) = runs_of(record, entry)
    if any(cell.data.settings["angle"] == "random" for cell in grid(own).cells()):
        raise ValueError(f"reads.runs: {own.name} has random angles: it takes fixed ones")


def _facts(found: pd.DataFrame) -> dict:
    ratio = found["norm_w"] / found["norm_beta"]
    return {
        "by_angle": {f"{a:g}": int(n) for a, n in found.groupby("angle").size().items()},
        "share_wide": float((found["angle"].astype(float) >= WIDE).mean()),
        "share_gate_larger": float((ratio > 1).mean()),
        "ratio_min": float(ratio.min()), "ratio_median": float(ratio.median()),
        "above_noise": int((found["loss_gap"] > found["d"] / found["n"]).sum()),
        "loss_gap_median": float(found["loss_gap"].median()),
        "loss_gap_max": float(found["loss_gap"].max()),
        "curvature_min": float(found["limit_curvature"].min()),
        "rate_median": float(found["limit_rate"].median()),
        "rate_max": float(found["limit_rate"].max()),
        "optimum_rate_median": float(found["rho_hat"].median()),
    }  # fmt: skip


def _text(numbers: dict) -> str:
    counts = ", ".join(f"{n} at {angle} degrees" for angle, n in numbers["by_angle"].items())
    larger, wide = (100 * numbers[name] for name in ("share_gate_larger", "share_wide"))
    text = (
        f"{numbers['minima']} runs, in {numbers['cells_with_minima']} cells, ended in a strict "
        f"local minimum above the optimum ({counts}), whose loss is "
        f"{digits(numbers['loss_gap_median'])} nats higher in the median and "
        f"{digits(numbers['loss_gap_max'])} at most, and in {numbers['above_noise']} of them by "
        f"more than p/(2n), which the truth itself lacks on average; the smallest curvature found "
        f"at one is {digits(numbers['curvature_min'])}. |w*|/|beta*| is "
        f"{digits(numbers['ratio_median'])} in the median and at least "
        f"{digits(numbers['ratio_min'])}; |w*| is the larger in {larger:.0f} % of the cases, and "
        f"the angle at least {WIDE:.0f} degrees in {wide:.0f} %. "
        f"EM's rate at them is {digits(numbers['rate_median'])} in the median and "
        f"{digits(numbers['rate_max'], 3)} at most, against a median of "
        f"{digits(numbers['optimum_rate_median'])} at the optima of the same samples. "
    )
    untried = [(a, b) for a, b in pairwise(numbers["angles"]) if a < WIDE < b]
    text += "".join(f"Nothing was run between {a:g} and {b:g} degrees. " for a, b in untried)
    if numbers["share_wide"] < 1:
        text += "So they are not confined to the angles they were expected at. "
    if numbers["rate_median"] < HEALTHY:
        return text + "Nothing in the pace of a run tells that it heads for the wrong minimum."
    return text + "That is slow enough to look suspicious."


def _degrees(angles: list[float]) -> str:
    return ", ".join(f"{angle:g}" for angle in angles) + " degrees"
