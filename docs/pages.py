"""Makes the pages of the site that come from code: the gallery, run, and the reference.

A hook of mkdocs (mkdocs.yml)."""

import inspect
import io
import runpy
from pathlib import Path

import matplotlib

matplotlib.use("svg")

import matplotlib.pyplot as plt
from mkdocs.structure.files import File, Files

import emmoe
from emmoe import plot
from emmoe.__main__ import COMMANDS

EXAMPLES = sorted((Path(__file__).parent / "gallery").glob("*.py"))
FIGURE = {"svg.hashsalt": "emmoe", "figure.figsize": (6, 4)}
NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
METHODS = (
    "fit", "partial_fit", "predict", "predict_proba", "predict_interval", "gate_proba",
    "responsibilities", "expert_predict", "log_likelihood", "summary", "delta", "sample",
)  # fmt: skip


def on_files(files: Files, config) -> Files:
    """Add the pages that are made here."""
    gallery = ["# Gallery", "Each example is run when these pages are made."]
    for path in EXAMPLES:
        files.append(File.generated(config, f"gallery/{path.stem}.svg", content=drawn(path)))
        gallery.append(example(path))
    files.append(File.generated(config, "gallery.md", content="\n\n".join(gallery)))
    files.append(File.generated(config, "api.md", content=reference()))
    return files


def drawn(path: Path) -> str:
    """Run an example and return its figure as SVG."""
    stream = io.StringIO()
    with plt.rc_context(FIGURE):
        figure = runpy.run_path(str(path))["figure"]
        figure.savefig(stream, format="svg", metadata=NO_METADATA)
        plt.close(figure)
    return stream.getvalue()


def example(path: Path) -> str:
    """Return an example as Markdown: title, text, code, figure."""
    _, said, code = path.read_text(encoding="utf-8").split('"""', 2)
    title, _, text = said.partition("\n\n")
    picture = f"![{title}](gallery/{path.stem}.svg)"
    return f"## {title}\n\n{text}\n\n```python\n{code.strip()}\n```\n\n{picture}"


def reference() -> str:
    """Return the reference of what the package exports."""
    parts = ["# Reference"]
    for cls in (emmoe.MixtureOfExpertsRegressor, emmoe.MixtureOfExpertsClassifier):
        parts += [described(cls, cls.__name__)]
        parts += [described(getattr(cls, n), f".{n}", 3) for n in METHODS if hasattr(cls, n)]
        properties = inspect.getmembers(cls, lambda own: isinstance(own, property))
        parts += [f"`{name}`: {inspect.getdoc(own)}" for name, own in properties]
    parts += [described(emmoe.select_n_experts, "select_n_experts"), "## emmoe.plot"]
    parts += [described(getattr(plot, name), f"plot.{name}", 3) for name in plot.__all__]
    parts += ["## Commands", *(f"- `emmoe {name}`: {said}" for name, (said, _) in COMMANDS.items())]
    return "\n\n".join(parts)


def described(own, name: str, level: int = 2) -> str:
    """Return the signature and the docstring of a class or function."""
    signature = str(inspect.signature(own)).replace("self, ", "")
    text = f"{name}{signature}\n\n{inspect.getdoc(own)}"
    return f"{'#' * level} {name}\n\n```text\n{text}\n```"
