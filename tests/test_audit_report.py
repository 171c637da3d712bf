"""audit.md and the comparison with the reference say what changed, and nothing that misleads."""

import pandas as pd
import pytest
from audit_helpers import calibration, claims_file, runs, sources

from emmoe.audit import power, report
from emmoe.audit.build import build
from emmoe.audit.strict import moved, worse
from emmoe.audit.verdicts import Verdict
from emmoe.evidence import reported

CLAIMS = reported.load(claims_file())


@pytest.fixture(scope="module")
def found():
    poor = {"good": {("figure_3a_em", "held_out"): "fails"}}
    stale = runs(stale=(("logistic_experts", "gradient_em"),))
    return build(sources(calibration=calibration(poor), ours=stale))


@pytest.fixture(scope="module")
def page(found):
    measured = pd.DataFrame(
        {"claim_id": ["figure_2a_em/held_out", "figure_2a_em_2"], "level": ["part", "reading"],
         "percent_down": [20.0, 8.0], "percent_up": [30.0, None], "no_power": False}
    )  # fmt: skip
    return report.text(found, measured.reindex(columns=power.COLUMNS), CLAIMS, [])


def test_every_verdict_is_explained_and_counted_by_curve(page):
    for verdict in Verdict:
        assert f"\n| {verdict} | " in page
    assert "| curves, held-out readings | " in page and "| runs | " in page


def test_the_first_screen_says_in_ten_lines_what_holds_and_what_does_not(page):
    lines = page.splitlines()[2:12]
    assert [line.split(".")[0] for line in lines] == [str(n) for n in range(1, 11)]
    assert "logistic_experts/em met alone" in lines[1]
    assert "symmetric_linear/em reproduced" in lines[1]
    assert "figure_3a_em (held out: met alone)" in lines[5]
    assert "0 of 1 readings keep their verdict" in lines[8] and "within 8 %" in lines[8]


def test_what_was_used_for_calibration_is_listed(page):
    assert "- figure_2a_em: iterations 0 10 40\n" in page
    assert "- figure_3a_em: iterations 0 1 2 5 30 75\n" in page
    assert "- figure_1a_em" not in page


def test_stale_results_are_listed(page, found):
    _, _, stale = page.partition("## Stale results")
    assert "figure_3a_gradient_em_10_slides" in stale and "figure_2a" not in stale


def table(**verdicts):
    return pd.DataFrame(
        {"claim_id": list(verdicts), "verdict": list(verdicts.values()), "reason": "because"}
    )


def test_strict_names_the_claims_that_fell():
    reference = table(
        a="reproduced", b="attainable", c="inconsistent", d="not tested", f="attainable"
    )
    now = table(a="attainable", b="attainable", c="reproduced", d="contradictory", e="inconsistent")
    now = pd.concat([now, table(f="duplicate")])
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
