"""Terms of the field: a glossary, and what a reader sees on pointing at one in a text."""

import re
from functools import cache
from importlib import resources

import yaml
from markupsafe import Markup, escape

from emmoe.audit.verdicts import Verdict


@cache
def glossary() -> dict[str, str]:
    """Return the meaning of each term, and of each verdict, in alphabetical order."""
    text = resources.files("emmoe.report").joinpath("glossary.yaml").read_text(encoding="utf-8")
    verdicts = {str(own): f"Verdict: {own.meaning}." for own in Verdict}
    terms = yaml.safe_load(text) | verdicts
    return dict(sorted(terms.items(), key=lambda item: item[0].lower()))


def anchor(term: str) -> str:
    """Return where the glossary explains a term."""
    return "term-" + re.sub(r"\W+", "-", term.lower()).strip("-")


@cache
def _any_term() -> re.Pattern[str]:
    longest = sorted(glossary(), key=len, reverse=True)
    return re.compile(rf"\b({'|'.join(map(re.escape, longest))})s?\b", re.IGNORECASE)


def explained(text: str) -> Markup:
    """Return a text as HTML, each term's first place in it a link to its meaning, also on hover."""
    known = {term.lower(): term for term in glossary()}
    seen: set[str] = set()
    parts, end = [], 0
    for found in _any_term().finditer(text):
        term = known[found[1].lower()]
        if term not in seen:
            seen.add(term)
            parts += [escape(text[end : found.start()]), _link(found[0], term)]
            end = found.end()
    return Markup("").join([*parts, escape(text[end:])])


def _link(shown: str, term: str) -> Markup:
    return Markup('<a class="term" href="#{}" title="{}">{}</a>').format(
        anchor(term), glossary()[term], shown
    )
