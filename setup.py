"""Puts the workflow into the wheel, inside the package: `emmoe init` makes projects that use it.

In a checkout it lies beside the package, where Snakemake and its catalogue look for it."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

PARTS = ("Snakefile", "workflow", "profiles/default")


class BuildWithWorkflow(build_py):
    """Builds the package, and copies the workflow unless the package is used where it lies."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            for source in self._sources():
                target = Path(self.build_lib, "emmoe", "_workflow", source)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)

    def _sources(self) -> list[Path]:
        found = [path for part in PARTS for path in (Path(part), *Path(part).rglob("*"))]
        return [path for path in found if path.is_file() and "__pycache__" not in path.parts]


setup(cmdclass={"build_py": BuildWithWorkflow})
