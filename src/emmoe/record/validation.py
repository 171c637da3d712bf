"""Checks a config against its schema, fills its defaults, and checks every number in it."""

import copy
from typing import Any

import jsonschema

from emmoe.record.registry import nearest
from emmoe.store.errors import ConfigError
from emmoe.store.files import schema

SIZES = 1e-30, 1e30  # of a number but zero: beyond, products of a few overflow or vanish


def validate(config: Any) -> None:
    """Fill a config's defaults; raises ConfigError naming the first setting that is wrong."""
    _check_numbers("", config)
    validator = _DefaultsValidator(schema("config"))
    error = jsonschema.exceptions.best_match(validator.iter_errors(config))
    if error is not None:
        raise ConfigError(_message(error))


def _check_numbers(where: str, node: Any) -> None:
    """Raise ConfigError for a number anywhere that is not finite, vanishing or huge."""
    if isinstance(node, dict | list):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            _check_numbers(f"{where}.{key}" if where else str(key), value)
    elif isinstance(node, int | float) and node != 0 and not SIZES[0] <= abs(node) <= SIZES[1]:
        smallest, largest = SIZES
        raise ConfigError(
            f"{where}: must be 0 or within {smallest:g} and {largest:g} in size, got {node!r}"
        )


def _fill_defaults(validator, properties, instance, _schema):
    if isinstance(instance, dict):
        for name, rule in properties.items():
            if "default" in rule:
                instance.setdefault(name, copy.deepcopy(rule["default"]))
    yield from jsonschema.Draft202012Validator.VALIDATORS["properties"](
        validator, properties, instance, _schema
    )


def _is_integer(_checker: Any, value: Any) -> bool:
    """Whether a value is a whole number and is written as one: 2.0 would fail where it is used."""
    return isinstance(value, int) and not isinstance(value, bool)


_DefaultsValidator = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    {"properties": _fill_defaults},
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer),
)


def _message(error: jsonschema.ValidationError) -> str:
    where = ".".join(map(str, error.absolute_path)) or "config"
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        unknown = next(key for key in error.instance if key not in known)
        return f"{where}: unknown setting {unknown!r}{nearest(unknown, known)}"
    return f"{where}: {error.message}"
