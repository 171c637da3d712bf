"""Errors meant for a person: one line each, saying what is wrong, where, and what to do."""


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
