"""Performance profiles, against shares counted by hand."""

import numpy as np
import pandas as pd
import pytest
from contest_helpers import TARGETS, TUNING, contest

from emmoe.evidence.profiles import LAW, relative, shares
from emmoe.tables import profiles

INF = np.inf
CURVES = {"em": "EM", "gradient_descent": "GD", "nesterov": "Nesterov"}


def costs(*rows):
    """Costs of rivals a and b; rows: (law, a, b)."""
    index = pd.Index([law for law, *_ in rows], name=LAW)
    return pd.DataFrame([own for _, *own in rows], index=index, columns=["a", "b"])


def test_costs_are_relative_to_the_cheapest_of_their_instance(recwarn):
    found = relative(costs(("x", 2, 3), ("x", 4, INF), ("x", INF, INF), ("x", 0, 1), ("x", 0, 0)))
    np.testing.assert_array_equal(found["a"], [1, 1, INF, 1, 1])
    np.testing.assert_array_equal(found["b"], [1.5, INF, INF, INF, 1])
    assert not recwarn.list


def test_shares_count_laws_of_data_once():
    rows = [("many", 1, INF)] * 9 + [("many", INF, 1)] + [("few", INF, 1)]
    found = shares(costs(*rows), [1.0])
    assert found.loc[1.0, "a"] == pytest.approx((0.9 + 0) / 2)
    assert found.loc[1.0, "b"] == pytest.approx((0.1 + 1) / 2)


def test_rival_is_judged_where_it_takes_part():
    found = shares(costs(("x", 1, np.nan), ("y", INF, 1)), [1.0, 9.0])
    assert found["a"].tolist() == [0.5, 0.5] and found["b"].tolist() == [1, 1]


def built(**contests):
    options = {"curves": CURVES, "targets": TARGETS, "currencies": ["iteration", "passes"]}
    table = profiles.build(**options, **contests)
    assert list(table.columns) == profiles.COLUMNS
    return table.set_index(["currency", "rival", "data", "factor"])["share"].unstack("factor")


def test_profiles_rise_to_the_share_that_arrives():
    other = contest("far", replicates=TUNING + 3, data="def")
    other = other[other["rival"] != "em"]
    found = built(near=contest(replicates=TUNING + 6), far=other)
    assert (np.diff(found.to_numpy(), axis=1) >= 0).all() and (found <= 1).all(axis=None)
    assert found.loc[("iteration", "em", "abc"), 1.0] == 1.0
    assert found.loc[("passes", "nesterov", "abc"), 1.0] == 1.0
    assert ("passes", "em", "def") not in found.index


def test_nobody_arrives_is_a_share_of_none(recwarn):
    rows = contest(replicates=TUNING + 2)
    rows["loss"] += 5.0
    assert (built(near=rows) == 0).all(axis=None) and not recwarn.list
