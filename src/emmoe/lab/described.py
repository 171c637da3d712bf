"""Describes the columns of result files, as those who fill them declare them."""

from collections.abc import Iterable, Iterator
from importlib import import_module

from emmoe.lab.columns import REQUIRED, TO_TRUTH
from emmoe.models.objective import Column
from emmoe.record import registry

HEAD = "| column | type | unit | meaning |\n|---|---|---|---|"


def described() -> str:
    """Return all columns of traces, tables of runs and probes, as Markdown."""
    sections = {
        "Traces: one row per run and kept iteration": (*REQUIRED["trace"], TO_TRUTH),
        **{f"Traces of {name}": _model(name) for name in registry.names("models")},
        "Tables of runs: one row per run": REQUIRED["runs"],
        **dict(_measures("analyses", "Tables of runs with the analysis")),
        **dict(_measures("probes", "Probe")),
    }
    return "\n\n".join(f"## {title}\n\n{_table(own)}" for title, own in sections.items() if own)


def _model(name: str) -> tuple[Column, ...]:
    return registry.component("models", name, "model").columns


def _measures(kind: str, said: str) -> Iterator[tuple[str, tuple[Column, ...]]]:
    for name in registry.functions(kind):
        yield f"{said} {name}", import_module(f"{registry.folder(kind)}.{name}").COLUMNS


def _table(columns: Iterable[Column]) -> str:
    cells = ((c.name, _type(c), c.unit, c.meaning.replace("|", "\\|")) for c in columns)
    return "\n".join([HEAD, *(f"| `{n}` | {t} | {u} | {m} |" for n, t, u, m in cells)])


def _type(column: Column) -> str:
    return column.type if isinstance(column.type, str) else " or ".join(map(str, column.type))
