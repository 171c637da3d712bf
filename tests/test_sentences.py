"""No sentence of README or docs about EM is contradicted by a verdict row of a variant of EM.

A sentence that says who wins in a currency, and calls the method EM alone, is about all variants;
one that names variants by their labels ("EM (tuned Newton step)") is about these.
"""

import re

import pandas as pd
import pytest
from test_quoted import ROOT

from emmoe.archive.quoted import BLOCK
from emmoe.evidence.verdicts import LOSS, WIN
from emmoe.record.read import load

CURRENCIES = {
    "iteration": r"per (?:outer )?iteration|by iteration|iterations",
    "passes": r"data pass|passes",
    "flops": r"FLOP",
    "cpu_seconds": r"CPU second",
}
SAYS = {
    WIN: r"outperforms|beats|wins|is (?:faster|cheaper)|(?:needs|takes|costs) (?:fewer|less)",
    LOSS: r"loses|is (?:slower|dearer)|(?:needs|takes|costs) more",
}
OTHERS = r"gradient descent|\bGD\b"
NEGATED = r"\bnot\b|\bno\b|neither|never"


def claims(text, labels):
    """Yield (sentence, variants, currency, outcome) of what a text says of EM against GD; variants:
    those that it names by their labels, all of them for EM alone. Quotes of kept results are
    left out."""
    text = re.sub(r"```.*?```|^\|.*?$", " ", BLOCK.sub(" ", text), flags=re.DOTALL | re.MULTILINE)
    for sentence in re.split(r"(?<=[.:;?])\s+", " ".join(text.split())):
        if not all(re.search(words, sentence) for words in (r"\bEM\b", OTHERS)):
            continue
        if re.search(NEGATED, sentence):
            continue
        named = [variant for variant, label in labels.items() if label in sentence]
        for currency, words in CURRENCIES.items():
            for outcome, verbs in SAYS.items():
                if re.search(words, sentence) and re.search(verbs, sentence):
                    yield sentence, named or list(labels), currency, outcome


def contradictions(text, labels, rows):
    """Return the sentences of which a variant's rows mostly say the opposite."""
    found = []
    for sentence, variants, currency, outcome in claims(text, labels):
        for variant in variants:
            own = rows.loc[(rows["em"] == variant) & (rows["currency"] == currency), "outcome_gd"]
            opposite = LOSS if outcome == WIN else WIN
            if (own == opposite).sum() > (own == outcome).sum():
                found.append((sentence, variant, currency))
    return found


def kept_verdicts():
    """The rows of all kept tables of verdicts, and the labels of the variants that they judge."""
    record = load([str(ROOT / "config.yaml")])
    tables = [t for t in record.tables.values() if t.module == "comparison_verdicts"]
    labels = {name: table.curves[name] for table in tables for name in table.options["em"]}
    kept = ROOT / "results/reference/tables"
    paths = [kept / f"{table.name}.csv" for table in tables]
    rows = pd.concat([pd.read_csv(path) for path in paths if path.is_file()])
    return rows[rows["outcome_gd"].notna()], labels


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "CHANGELOG.md",
        *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))),
    ],
)
def test_no_sentence_about_em_contradicts_a_variant(name):
    rows, labels = kept_verdicts()
    assert len(rows) > 20
    assert contradictions((ROOT / name).read_text(encoding="utf-8"), labels, rows) == []


LABELS = {"em": "EM (solved)", "em_newton": "EM (tuned Newton step)"}
ROWS = pd.DataFrame(
    [
        *[("em", "iteration", WIN)] * 3, ("em_newton", "iteration", WIN),
        *[("em", "passes", LOSS)] * 3, *[("em_newton", "passes", WIN)] * 2,
        ("em_newton", "passes", LOSS),
    ],
    columns=["em", "currency", "outcome_gd"],
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("EM outperforms gradient descent per iteration.", []),
        ("EM outperforms gradient descent per data pass.", ["em"]),
        ("Per data pass, EM loses against\ngradient descent.", ["em_newton"]),
        ("By data pass EM (solved) loses against GD. It is so.", []),
        ("EM (tuned Newton step) needs fewer passes than gradient descent.", []),
        ("EM (solved) needs fewer passes than gradient descent.", ["em"]),
        ("Gradient descent is one thing. EM wins per data pass, another.", []),
        ("<!--[ a.csv x -->EM beats gradient descent per data pass.<!--]-->", []),
    ],
)
def test_sentences_are_held_against_the_rows_of_the_variants_that_they_are_about(text, wrong):
    assert [variant for _, variant, _ in contradictions(text, LABELS, ROWS)] == wrong
