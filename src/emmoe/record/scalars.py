"""Plain scalars of YAML: what version 1.2 makes of them, and where version 1.1 disagrees.

1e-3 is a number. What a reader of YAML 1.1, as Snakemake's own is, takes for something else is
refused rather than read one way here and another way there: `on`, dates, numbers with leading
zeros, with underscores, or to base 60.
"""

import re
from typing import Any

import yaml

DIGITS = 400  # of a whole number
SHOWN = 40  # characters of a value that a message repeats
WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
WORDS |= {name.capitalize(): value for name, value in WORDS.items()}
WORDS |= {name.upper(): value for name, value in WORDS.items()}
INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
SPECIAL = {".nan": "nan", ".inf": "inf", "+.inf": "inf", "-.inf": "-inf"}
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
TAG = "tag:yaml.org,2002:"
# What readers of YAML 1.1 make of a plain scalar, by the tag that they give it.
OTHERS = {
    "bool": "true or false", "int": "a number", "float": "a number", "null": "null",
    "timestamp": "a date", "merge": "a merge", "value": "a default",
}  # fmt: skip
_RESOLVERS = yaml.SafeLoader.yaml_implicit_resolvers


def plain(text: str) -> Any:
    """Return the value of a plain scalar; raises ValueError, saying why and what to do, for one
    that other readers take for something else, or that is too long a number."""
    if text in WORDS:
        return WORDS[text]
    if LEADING_ZERO.fullmatch(text):
        raise ValueError(f"{shown(text)}: a leading zero means base 8 to other readers: drop it")
    if INTEGER.fullmatch(text):
        if len(text) > DIGITS:
            raise ValueError(f"{shown(text)} has {len(text)} digits: too many for a number")
        return int(text, 10 if text.lstrip("+-").isdecimal() else 0)
    if FLOAT.fullmatch(text):
        return float(text)
    if text.lower() in SPECIAL:
        return float(SPECIAL[text.lower()])
    if other := _other(text):
        raise ValueError(f"{shown(text)}: other readers take it for {other}: write it in quotes, "
                         "or in another way")  # fmt: skip
    return text


def _other(text: str) -> str:
    """What a reader of YAML 1.1 makes of a plain scalar that is a text in 1.2, or ""."""
    found = (tag for tag, pattern in _RESOLVERS.get(text[:1], []) if pattern.match(text))
    return next((OTHERS[tag.removeprefix(TAG)] for tag in found), "")


def odd(text: str) -> bool:
    """Return whether a text holds what a name may not: a control character or a line break."""
    return bool(CONTROL.search(text)) or "\n" in text or "\t" in text


def shown(value: object, most: int = SHOWN) -> str:
    """Return a value as a message repeats it: in one line, its beginning if it is long."""
    try:
        text = value if isinstance(value, str) and not odd(value) else repr(value)
    except ValueError:  # Python writes no integer of so many digits
        return "a number of thousands of digits"
    return text if len(text) <= most else f"{text[:most]}..."
