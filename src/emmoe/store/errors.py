"""Errors meant for a person: one line each, saying what is wrong, where, and what to do."""

import difflib
from collections.abc import Collection


class EmmoeError(Exception):
    """A user's mistake or a missing resource, told in one line."""


class ConfigError(EmmoeError):
    """A setting that cannot be used."""


class DataError(EmmoeError):
    """Data that are malformed, not finite or do not fit the model."""


class DownloadError(EmmoeError):
    """A file that no source could supply."""


class RunError(EmmoeError):
    """A run that cannot begin: another works in its folder, or a killed one's jobs do not end."""


def nearest(name: str, known: Collection[str]) -> str:
    """Return the nearest name, or the list of what is known, to end a message with."""
    if close := difflib.get_close_matches(str(name), list(known), n=1):
        return f": did you mean {close[0]!r}?"
    return f": known are {', '.join(sorted(known))}" if known else ": there are none"
