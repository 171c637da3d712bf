"""Imports point one way, and the workflow's scripts stay thin."""

import ast
from graphlib import TopologicalSorter

import pytest
from workflow_helpers import ROOT

SOURCES = ROOT / "src"
SCRIPTS = sorted((ROOT / "workflow" / "scripts").glob("*.py"))
# What a unit (a folder or module of the package) may import from the package, itself apart.
ALLOWED = {
    "errors": set(),
    "seeds": set(),
    "models": {"errors"},
    "theory": {"errors", "models"},
    "starts": {"errors", "models"},
    "datasets": {"errors", "models", "starts"},
    "fitters": {"errors", "models"},
    "recorder": {"errors", "models", "fitters"},
    "work": {"models"},
    "settings": {"errors"},
    "registry": {"errors", "settings"},
    "results": {"errors"},
    "summary": {"errors"},
    "reported": {"errors", "results"},
    "statistics": {"models"},
    "grid": {"errors", "registry", "components", "provenance"},
    "calibration": {
        "errors",
        "models",
        "recorder",
        "registry",
        "components",
        "seeds",
        "grid",
        "draw",
        "fit",
        "results",
        "provenance",
        "statistics",
        "reported",
        "tables",
    },
    "comparison": {"errors"},
    "contest": {
        "errors",
        "comparison",
        "components",
        "draw",
        "fitters",
        "models",
        "recorder",
        "registry",
        "seeds",
        "theory",
        "work",
    },
    "guard": {"errors"},
    "seals": {"errors", "provenance"},
    "told": {"errors"},
    "codes": {"provenance"},
    "stale": {"codes", "provenance"},
    "sidecars": {"codes", "grid"},
    "audit": {
        "comparison",
        "errors",
        "registry",
        "reported",
        "results",
        "seeds",
        "statistics",
        "summary",
        "theory",
        "tables",
        "calibration",
        "grid",
        "provenance",
        "jobs",
        "seals",
        "stale",
    },
    "demand": {"components"},
    "validation": {"errors", "registry", "results"},
    "archive": {
        "errors",
        "codes",
        "config",
        "seals",
        "grid",
        "jobs",
        "provenance",
        "registry",
        "results",
        "sidecars",
    },
    "analyses": {"errors", "models", "fitters", "recorder", "fit", "theory", "registry"},
    "probes": {"errors", "models", "fitters", "components", "seeds"},
}
# Figures, tables and findings know summaries, not how they came about; the report shows what is
# there.
READERS = {
    "report": {"codes", "errors", "grid", "provenance", "results", "sidecars"},
    "figures": {"errors", "comparison", "reported", "results", "tables", "theory"},
    "tables": {"errors", "comparison", "reported", "results", "theory"},
    "findings": {"errors", "reported", "tables"},
}


def modules():
    """Return the package's modules: dotted name -> syntax tree."""
    found = {}
    for path in sorted(SOURCES.glob("emmoe/**/*.py")):
        name = ".".join(path.relative_to(SOURCES).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = ast.parse(path.read_text())
    return found


MODULES = modules()


def imports(tree):
    """Return the dotted names that a module imports, wherever in it."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def unit(name):
    """Return the folder or module of the package that a dotted name belongs to, or None."""
    parts = name.split(".")
    if (
        parts[0] != "emmoe"
        or len(parts) == 1
        or not any(module.split(".")[1:2] == parts[1:2] for module in MODULES)
    ):
        return None
    return parts[1]


def graph():
    """Return which units every unit imports."""
    edges = {}
    for name, tree in MODULES.items():
        own = unit(name)
        if own is not None:
            edges.setdefault(own, set()).update({unit(i) for i in imports(tree)} - {None, own})
    return edges


def test_graph_of_imports_is_seen():
    assert graph()["recorder"] == {"fitters", "models"}
    assert "datasets" in graph()["components"]


@pytest.mark.parametrize("name", [*ALLOWED, *READERS])
def test_unit_imports_only_what_lies_below_it(name):
    assert graph()[name] <= (ALLOWED | READERS)[name]


def test_imports_of_units_have_no_cycle():
    TopologicalSorter(graph()).prepare()


@pytest.mark.parametrize("name", MODULES)
def test_source_does_not_import_snakemake(name):
    assert not {i for i in imports(MODULES[name]) if i.split(".")[0] == "snakemake"}


@pytest.mark.parametrize("folder", ["fitters", "models", "starts", "datasets"])
def test_components_do_not_import_their_siblings(folder):
    """Each file stands alone on its base and helpers, so that editing one reruns only its jobs."""
    from emmoe import registry

    components = {f"emmoe.{folder}.{name}" for name in registry.names(folder)}
    for name in components:
        imported = imports(MODULES[name])
        assert not [i for i in imported for c in components - {name} if f"{i}.".startswith(f"{c}.")]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_script_of_the_workflow_has_at_most_20_lines(script):
    assert len(script.read_text().splitlines()) <= 20


@pytest.mark.parametrize("name", [n for n in MODULES if n.startswith("emmoe.fitters.")])
def test_fitters_read_no_files_and_no_clock(name):
    roots = {i.split(".")[0] for i in imports(MODULES[name])}
    assert not roots & {"os", "io", "pathlib", "time", "pandas", "yaml", "json"}
