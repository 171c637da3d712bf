"""Models as files: JSON with a schema, its version and a checksum. Loading runs nothing of it.

Numbers are written in full, so that a loaded model predicts the same to the last bit.
"""

import hashlib
import json
import typing
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any

import numpy as np
import pandas as pd

from emmoe import __version__
from emmoe.mixture import Fitted
from emmoe.mixture.estimators._base import MixtureOfExperts
from emmoe.mixture.estimators.classifier import MixtureOfExpertsClassifier
from emmoe.mixture.estimators.regressor import MixtureOfExpertsRegressor
from emmoe.mixture.estimators.select import Tried
from emmoe.store.coding import Coding
from emmoe.store.errors import DataError
from emmoe.store.files import write_text

SCHEMA = "emmoe-model"
VERSION = 1
KINDS = {own.__name__: own for own in (MixtureOfExpertsRegressor, MixtureOfExpertsClassifier)}
NUMBERS = {"nan": np.nan, "inf": np.inf, "-inf": -np.inf}  # which JSON lacks
FIT_AGAIN = "fit it again with emmoe fit"


@dataclass(frozen=True)
class Model:
    """A fitted estimator, how tables are coded for it, and what was tried: a row per K."""

    estimator: MixtureOfExperts
    coding: Coding
    tried: list[Tried]


def save(model: Model, path: Path | str) -> None:
    """Write a model."""
    own = model.estimator
    body = {
        "schema": SCHEMA,
        "version": VERSION,
        "emmoe": __version__,
        "kind": type(own).__name__,
        "parameters": _plain(own.get_params()),
        "classes": _plain(getattr(own, "classes_", np.array([])).tolist()),
        "coding": _plain(asdict(model.coding)),
        "tried": _plain(model.tried),
        "fit": _plain(own._fitted),
    }
    write_text(json.dumps(body | {"checksum": _checksum(body)}, indent=1) + "\n", path)


def load(path: Path | str) -> Model:
    """Return the model of a file; raises DataError for what is none, cut short, edited, or from a
    newer version."""
    body = _read(path)
    if body.get("schema") != SCHEMA:
        raise DataError(f"{path}: no model of emmoe: give the file that emmoe fit wrote")
    version = body.get("version")
    if not isinstance(version, int) or version > VERSION:
        said = f"a model of version {version!r}, this emmoe reads up to {VERSION}"
        raise DataError(f"{path}: {said}: update emmoe")
    if body.pop("checksum", None) != _checksum(body):
        raise DataError(f"{path}: edited or damaged after it was written: {FIT_AGAIN}")
    try:
        return _model(body)
    except (LookupError, TypeError, ValueError, AttributeError, DataError):
        raise DataError(f"{path}: its parts do not fit together: {FIT_AGAIN}") from None


def _read(path: Path | str) -> dict[str, Any]:
    try:
        body = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise DataError(f"{path}: no model, or one that was cut short: {FIT_AGAIN}") from None
    return body if isinstance(body, dict) else {}


def _checksum(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _model(body: dict[str, Any]) -> Model:
    own = KINDS[body["kind"]](**body["parameters"])
    own._fitted = _typed(Fitted, body["fit"])
    own.n_features_in_ = len(own._fitted.names)
    own.feature_names_in_ = np.array(own._fitted.names, dtype=object)
    if body["classes"]:
        own.classes_ = np.array(body["classes"])
    coding = _typed(Coding, body["coding"])
    # Shapes that do not go together show here.
    own.predict(pd.DataFrame(np.zeros((1, own.n_features_in_)), columns=own.feature_names_in_))
    own.summary()
    return Model(own, coding, _typed(list[Tried], body["tried"]))


def _plain(value: Any) -> Any:
    """A value as JSON has it: arrays as nested lists, numbers that are not finite as texts."""
    if is_dataclass(value):
        return {own.name: _plain(getattr(value, own.name)) for own in fields(value)}
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, dict):
        return {key: _plain(own) for key, own in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(own) for own in value]
    if isinstance(value, float) and not np.isfinite(value):
        return {"number": str(value)}
    return value


def _typed(kind: Any, value: Any) -> Any:
    """A value of JSON as a type of the model's parts; raises ValueError where it is none."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if isinstance(value, dict) and set(value) == {"number"}:
        return _any(value)
    if is_dataclass(kind) and isinstance(kind, type):
        hints = typing.get_type_hints(kind)
        given = [own.name for own in fields(kind) if own.name in value]  # others have a default
        return kind(**{name: _typed(hints[name], value[name]) for name in given})
    if typing.is_typeddict(kind):
        return {name: _typed(own, value[name]) for name, own in typing.get_type_hints(kind).items()}
    if origin in (UnionType, typing.Union):
        (own,) = (one for one in inner if one is not NoneType)
        return None if value is None else _typed(own, value)
    if origin is np.ndarray:
        return np.array(_any(value), dtype=float)
    if origin in (tuple, list):
        return origin(_typed(inner[0], own) for own in value)
    if origin is dict:
        return {key: _typed(inner[1], own) for key, own in value.items()}
    if (kind is float and type(value) in (int, float)) or type(value) is kind:
        return kind(value)
    raise ValueError(f"{value!r} is no {kind}")


def _any(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"number"}:
            return NUMBERS[value["number"]]
        return {key: _any(own) for key, own in value.items()}
    return [_any(own) for own in value] if isinstance(value, list) else value
