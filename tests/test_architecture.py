"""Imports point one way, and the workflow's scripts stay thin."""

import ast
import sys
from graphlib import TopologicalSorter

import pytest
from workflow_helpers import ROOT

SOURCES = ROOT / "src"
SCRIPTS = sorted((ROOT / "workflow" / "scripts").glob("*.py"))
# Each room of the package imports from the ones before it alone; a dot leads to a room in a room.
ROOMS = [
    "store",
    "mixture",
    "mixture.estimators",
    "mixture.plot",
    "models",
    "starts",
    "datasets",
    "fitters",
    "theory",
    "evidence",
    "record",
    "lab",
    "measures",
    "tables",
    "figures",
    "findings",
    "calibration",
    "audit",
    "report",
    "jobs",
    "archive",
    "commands",
]


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
    """Return the room, the innermost one, or the module that a dotted name of the package, less its
    "emmoe.", belongs to; None for other names."""
    parts = name.split(".")
    if parts[0] != "emmoe" or not any(m.split(".")[1:2] == parts[1:2] for m in MODULES):
        return None
    within = (room for room in ROOMS if parts[1:][: room.count(".") + 1] == room.split("."))
    return max(within, key=len, default=".".join(parts[1:2])) or None


def graph():
    """Return which units every unit imports."""
    edges = {}
    for name, tree in MODULES.items():
        own = unit(name)
        if own is not None:
            edges.setdefault(own, set()).update({unit(i) for i in imports(tree)} - {None, own})
    return edges


def test_graph_of_imports_is_seen():
    assert "models" in graph()["fitters"]
    assert "datasets" in graph()["record"]


@pytest.mark.parametrize("name", ROOMS)
def test_room_imports_only_what_lies_before_it(name):
    assert graph()[name] <= set(ROOMS[: ROOMS.index(name)])


def test_imports_of_rooms_have_no_cycle():
    TopologicalSorter(graph()).prepare()


def test_package_has_its_rooms_alone():
    """Beside them the exports, the command line and the mark of a typed package."""
    found = {path.name for path in (SOURCES / "emmoe").iterdir()} - {"__pycache__"}
    rooms = {room.partition(".")[0] for room in ROOMS}
    assert found == {*rooms, "__init__.py", "__main__.py", "py.typed"}
    assert len(rooms) <= 20


@pytest.mark.parametrize("name", [n for n in MODULES if unit(n) == "mixture"])
def test_mixtures_need_numpy_and_scipy_alone(name):
    roots = {i.split(".")[0] for i in imports(MODULES[name])}
    assert roots <= {*sys.stdlib_module_names, "emmoe", "numpy", "scipy"}


@pytest.mark.parametrize("name", MODULES)
def test_source_does_not_import_snakemake(name):
    assert not {i for i in imports(MODULES[name]) if i.split(".")[0] == "snakemake"}


@pytest.mark.parametrize("folder", ["fitters", "models", "starts", "datasets"])
def test_components_do_not_import_their_siblings(folder):
    """Each file stands alone on its base and helpers, so that editing one reruns only its jobs."""
    from emmoe.record import registry

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
