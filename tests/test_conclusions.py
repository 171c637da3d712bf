"""The page of conclusions says what the verdicts' rows say, in at most eight sentences."""

import numpy as np
import pandas as pd
import pytest

from emmoe.tables import conclusions
from emmoe.tables.comparison_verdicts import COLUMNS


def verdicts(label, currency, outcomes, ratio=2.0, **facts):
    """Rows of one variant in one currency; outcomes: by law, a target each."""
    rows = [{"contest": "all", "currency": currency, "label": label, "verdict": "counted"}]
    for number, (law, found) in enumerate(outcomes.items()):
        for target, outcome in zip(("statistical", "millionth"), found, strict=False):
            row = {"contest": "race", "cell": law, "data": law, "target": target}
            row |= {"dataset": "synthetic", "model": "symmetric_linear", "norm_beta": 1.0 + number}
            row |= {"observations": 1000, "parameters": 20}
            row |= {"currency": currency, "label": label, "best_label": "L-BFGS"}
            row |= {f"outcome_{role}": outcome for role in ("gd", "best")}
            row |= {f"ratio_{role}": ratio * (1 + number) for role in ("gd", "best")}
            row |= {"gd_low": 1.5, "best_low": 1.5}
            row |= dict.fromkeys(("em_fallback", "gd_fallback", "best_fallback"), False)
            rows.append(row | facts)
    return pd.DataFrame(rows, columns=COLUMNS)


def test_conclusions_name_the_best_variant_of_a_currency_and_count_laws():
    outcomes = {"near": ["win", "win"], "far": ["loss", "loss"], "other": ["win", "loss"]}
    solved = verdicts("EM (solved)", "passes", outcomes)
    loose = verdicts("EM (loose)", "passes", outcomes, ratio=1.5)
    table = conclusions.build(curves={}, a=solved, b=loose)
    first = table.iloc[0]
    assert first["label"] == "EM (loose)" and first["ratio_best"] == 3.0
    assert (first["laws"], first["wins_gd"], first["losses_gd"]) == (3, 1, 1)
    assert first["sentence"].startswith(
        "Per data pass, EM (loose) does best of EM's variants that run on all data: against "
        "gradient descent with one tuned step it wins on 1 and loses on 1 of 3 laws of data, at 3 t"
    )
    sentences = table.set_index("topic")["sentence"]
    shown = "3 to the target statistical [L-BFGS], 3 to the target millionth [L-BFGS]"
    assert shown in sentences["precision"]
    assert "1.5 for symmetric linear at |beta*| = 1 [L-BFGS], 3 for" in sentences["signal"]
    assert "data" not in sentences  # of one kind
    assert "size" not in sentences  # of one, too
    assert (
        "the best tuned gradient method, most often L-BFGS (6 of 6 times), it" in first["sentence"]
    )


def test_signal_and_size_are_read_off_the_contests_in_which_they_vary():
    outcomes = {"near": ["win", "win"], "far": ["loss", "loss"]}
    sized = verdicts("EM", "passes", outcomes, ratio=5.0, contest="sizes", norm_beta=1.0)
    sized["observations"] = [np.nan, 500, 500, 9000, 9000]
    table = conclusions.build(curves={}, a=verdicts("EM", "passes", outcomes), b=sized)
    said = table.set_index("topic")["sentence"]
    assert said["signal"].endswith(
        "2 for symmetric linear at |beta*| = 1 [L-BFGS], 4 for symmetric linear at |beta*| = 2 "
        "[L-BFGS]."
    )
    assert said["size"].endswith(
        "5 for symmetric linear with n = 500 and 20 parameters [L-BFGS], "
        "10 for symmetric linear with n = 9000 and 20 parameters [L-BFGS]."
    )


def test_variant_that_runs_on_a_few_laws_alone_is_not_the_best_but_named():
    everywhere = verdicts("EM", "passes", {"near": ["loss"], "far": ["loss"]})
    once = verdicts("EM (loose)", "passes", {"near": ["win"]}, ratio=0.1)
    first = conclusions.build(curves={}, a=everywhere, b=once).iloc[0]
    assert first["label"] == "EM" and "EM alone runs on all data" in first["sentence"]
    assert first["sentence"].endswith("; EM (loose) costs less on the 1 on which it runs.")
    once["ratio_best"] = 9.0
    first = conclusions.build(curves={}, a=everywhere, b=once).iloc[0]
    assert "EM (loose)" not in first["sentence"]


def test_all_currencies_and_topics_make_eight_sentences():
    outcomes = {"near": ["win", "win"], "far": ["loss", "loss"]}
    tables = {c: verdicts("EM", c, outcomes) for c in ("iteration", "passes", "flops")}
    tables["cpu_seconds"] = verdicts("EM", "cpu_seconds", outcomes)
    tables["images"] = verdicts("EM", "passes", {"img": ["open", "open"]}, dataset="digits")
    tables["sizes"] = verdicts("EM", "passes", outcomes, contest="sizes")
    tables["sizes"]["parameters"] = [0, 4, 4, 80, 80]
    table = conclusions.build(curves={}, **tables)
    assert len(table) == 8 and table["sentence"].notna().all()
    assert "on digits (symmetric linear)" in table.set_index("topic")["sentence"]["data"]


@pytest.mark.parametrize(
    ("ratio", "low", "said"),
    [
        (np.nan, 0.0, "an undecided cost"),
        (np.inf, 0.0, "an undecided cost"),
        (np.inf, 5.5, "at least 5.5 times its cost"),
        (0.0, 0.0, "0 times its cost"),
    ],
)
def test_quotients_that_are_open_are_said_to_be(ratio, low, said, recwarn):
    facts = {"gd_low": low, "best_low": low}
    rows = verdicts("EM", "passes", {"near": ["open", "open"]}, ratio=ratio, **facts)
    table = conclusions.build(curves={}, a=rows)
    assert said in table["sentence"].iloc[0]
    assert (
        said.split(" cost")[0].removeprefix("an ").split(" times")[0] in table["sentence"].iloc[1]
    )
    assert not recwarn.list


def test_best_gradient_method_is_named_where_it_is_best_most_often():
    rows = verdicts("EM", "passes", {"near": ["loss", "loss"], "far": ["loss", "loss"]})
    rows.loc[rows["target"] == "millionth", "best_label"] = "Nesterov"
    sentences = conclusions.build(curves={}, a=rows).set_index("topic")["sentence"]
    assert "statistical [L-BFGS], 3 to the target millionth [Nesterov]" in sentences["precision"]


def test_sentence_that_rests_on_a_step_by_fallback_says_so():
    rows = verdicts("EM", "passes", {"near": ["loss", "loss"], "far": ["loss", "loss"]})
    table = conclusions.build(curves={}, a=rows)
    assert not table["fallbacks"].any() and not table["sentence"].str.contains("fallback").any()
    rows.loc[(rows["data"] == "near") & (rows["target"] == "millionth"), "gd_fallback"] = True
    rows.loc[rows["data"] == "far", "best_fallback"] = True
    found = conclusions.build(curves={}, a=rows).set_index("topic")
    assert found["fallbacks"].to_dict() == {"currency": 3, "precision": 2, "signal": 2}
    assert found["quotients"].to_dict() == {"currency": 8, "precision": 4, "signal": 4}
    said = found["sentence"]
    assert said["currency"].endswith(" (3 of 8 quotients with a step by fallback).")
    assert said["signal"].endswith(" (2 of 4 quotients with a step by fallback).")
