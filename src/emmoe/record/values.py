"""The kinds of values that settings have."""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta

Value = None | bool | int | float | str | list | dict  # what YAML can hold
Settings = Mapping[str, Value]
Count = Annotated[int, Meta(ge=1, le=10**9)]
Replicates = Annotated[int, Meta(ge=1, le=10**6)]  # blocks of them are listed one by one
Seed = Annotated[int, Meta(ge=0)]
Positive = Annotated[float, Meta(gt=0)]
Level = dict[Literal["gap", "loss", "accuracy"], Positive]
Goal = Positive | Literal["p/2n"] | Annotated[Level, Meta(min_length=1, max_length=1)]
Exponent = Annotated[int, Meta(ge=-40, le=40)]
