"""Mixtures of experts: the reference maxima, within the default starts."""

import numpy as np
import pytest
from mixture_cases import CASES, draw

from emmoe.mixture import Problem, fit, inference


@pytest.fixture(scope="module", params=CASES)
def fitted(request):
    case = CASES[request.param]
    return case, fit(Problem(*draw(case), case.family), len(case.experts))


def test_default_fit_reaches_the_reference_maximum(fitted):
    case, found = fitted
    assert draw(case)[1].sum() == pytest.approx(case.total, abs=1e-9)
    assert found.status == "maximum"
    assert found.loglik == pytest.approx(case.best, abs=1e-6)
    assert found.rate == pytest.approx(case.rho, abs=1e-6)


def test_certificate_holds_and_its_controls_fail(fitted):
    found = fitted[1].certificate
    assert max(found["moving"], found["projected"], found["first_identity"]) <= 1e-8
    assert min(found["unprojected"], found["half_step"]) > 1e-2


REFERENCE = {  # expert of the true order: (its intercept, observed se, sandwich se), gate slope, se
    "gaussian": (2.004501, 0.040812, 0.040247, 1.265725, 0.168340),
    "logistic": (1.122455, 0.377767, 0.394770, 2.136252, 0.210837),
    "multinomial": (1.120444, 0.328433, 0.332366, 1.483928, 0.095986),
    "poisson": (1.983412, 0.024966, 0.025612, 0.947631, 0.128188),
}


def test_standard_errors_are_those_of_the_reference(fitted):
    case, found = fitted
    intercept, observed, sandwich, slope, gate_error = REFERENCE[case.family]
    k = int(np.abs(found.expert_rows[:, 0, 0] - intercept).argmin())
    assert k == 0  # the case's first expert has the largest gate probability
    place = found.parameter_names.index(("expert", k, 0, "(intercept)"))
    plain, robust = (
        inference.errors(inference.covariance(found, kind))[place]
        for kind in ("observed", "robust")
    )
    assert (found.expert_rows[0, 0, 0], plain, robust) == pytest.approx(
        (intercept, observed, sandwich), abs=1.5e-6
    )
    # The gaussian case's last expert, its gate's reference, has the second largest probability.
    contrast, expert = ("pairs", (0, 1)) if case.family == "gaussian" else ("reference", 0)
    gate = {
        row["feature"]: (row["estimate"], row["se"])
        for row in inference.summary(found, contrast=contrast)
        if (row["block"], row["expert"]) == ("gate", expert)
    }
    assert gate["x0"] == pytest.approx((slope, gate_error), abs=1.5e-6)
