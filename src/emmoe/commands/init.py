"""Write a small project: a Snakefile that uses emmoe's workflow, a record of one experiment, and a
table to be replaced by one's own."""

import argparse
import shutil
from pathlib import Path

from emmoe.store.errors import RunError
from emmoe.store.packaged import workflow_folder

TEMPLATE = Path(__file__).parent / "project"
PROFILE = "profiles/default/profile.yaml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="FOLDER", help="a folder that is new or empty")


def run(args: argparse.Namespace) -> None:
    """Copy the project; raises RunError for a folder that holds something."""
    folder = Path(args.folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RunError(f"{folder}: holds something already: name a new folder")
    shutil.copytree(TEMPLATE, folder, dirs_exist_ok=True)
    (folder / PROFILE).parent.mkdir(parents=True)
    shutil.copyfile(workflow_folder() / PROFILE, folder / PROFILE)
    print(f"{folder}: a project with config.yaml, a Snakefile and data.csv")
    print(f"run it:  cd {folder} && snakemake --cores 2  (needs pip install 'emmoe[pipeline]')")
    print("or fit the table alone:  emmoe fit data.csv --target growth --features size,dose")
