"""audit.md and the comparison with the reference say what changed, and nothing that misleads."""

import pandas as pd
import pytest
from audit_helpers import audit, calibration, claims_file, runs

from emmoe.audit import report
from emmoe.audit.strict import moved, worse
from emmoe.audit.verdicts import VERDICTS
from emmoe.evidence import reported

CLAIMS = reported.load(claims_file())


@pytest.fixture(scope="module")
def found():
    poor = {"good": {"calibration": "met", "held_out": "fails"}}
    rows, parts = audit(
        calibration=calibration(poor),
        again=runs(offset=3.0),
        ours=runs(stale=(("logistic_experts", "gradient_em"),)),
    )
    return rows.reset_index(), parts.reset_index()


@pytest.fixture(scope="module")
def page(found):
    return report.text(*found, CLAIMS, [])


def test_every_verdict_is_explained_and_counted_by_curve(page):
    for verdict in VERDICTS:
        assert f"\n| {verdict} | " in page
    assert "| curves, held-out readings | " in page
    assert "%" not in page  # never a share of the numbers


def test_what_was_used_for_calibration_is_listed(page):
    assert "- figure_2a_em: iterations 0 10 40\n" in page
    assert "- figure_3a_em: iterations 0 1 2 5 30 75\n" in page
    assert "- figure_1a_em" not in page


def test_verdicts_that_hang_on_the_seed_and_stale_results_are_listed(page):
    _, _, after = page.partition("## A second seed")
    second, _, stale = after.partition("## Stale results")
    assert "| figure_3a_em_10_slides | reproduced | inconsistent |" in second
    assert "figure_3a_gradient_em_10_slides" in stale and "figure_2a" not in stale


def test_agreement_of_the_seeds_and_fresh_results_are_told_too(found):
    rows, parts = found
    page = report.text(rows.assign(verdict_again=rows["verdict"], stale=False), parts, CLAIMS, [])
    assert "have the same verdict." in page and "all is of the current code" in page


def table(**verdicts):
    return pd.DataFrame(
        {"claim_id": list(verdicts), "verdict": list(verdicts.values()), "reason": "because"}
    )


def test_strict_names_the_claims_that_fell():
    reference = table(a="reproduced", b="attainable", c="inconsistent", d="not tested")
    now = table(a="attainable", b="attainable", c="reproduced", d="contradictory", e="inconsistent")
    assert worse(now, reference, "not covered") == [
        "a: attainable, was reproduced: because",
        "d: contradictory, was not tested: because",
    ]


def test_strict_leaves_out_what_the_audit_does_not_cover():
    now = table(a="not tested").assign(reason="not covered")
    assert worse(now, table(a="reproduced"), "not covered") == []
    assert worse(table(a="not tested"), table(a="reproduced"), "not covered")


def numbers(**values):
    return pd.DataFrame({"claim_id": list(values), "reproduced": list(values.values())}).assign(
        reason="because"
    )


def test_numbers_that_differ_in_the_last_bits_are_those_of_the_reference():
    reference = numbers(a=0.1, b=1e-15, c=3.0, d=float("nan"), e=2.0)
    close = numbers(a=0.1 * (1 + 1e-9), b=-2e-13, c=3.0, d=1.0, e=2.0)
    same = "numbers are those of the reference (to 1e-06 of them, or 1e-09)"
    assert moved(close, reference, "not covered") == f"4 of 4 {same}"
    far = numbers(a=0.1 * (1 + 1e-5), b=0.0, c=3.0, d=1.0, e=2.5)
    assert moved(far, reference, "") == f"2 of 4 {same}; the farthest is e: 2.5, was 2"
