"""Where the workflow lies: beside the sources in a checkout, inside the package once installed."""

from pathlib import Path

SNAKEFILE = "Snakefile"


def workflow_folder(package: Path = Path(__file__).parents[1]) -> Path:
    """Return the folder that holds the Snakefile, and below workflow/ its rules and scripts."""
    inside = package / "_workflow"
    return inside if inside.is_dir() else package.parents[1]
