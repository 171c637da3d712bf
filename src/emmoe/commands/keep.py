"""Keeps a finished run's results as the reference."""

import argparse
from pathlib import Path

from emmoe.archive.reference import keep
from emmoe.commands._arguments import takes_config
from emmoe.record.read import load
from emmoe.store.lock import Guard

add_arguments = takes_config


def run(args: argparse.Namespace) -> None:
    """Keep the figures, tables and provenance of a config's finished run."""
    record = load(args.config)
    Guard(Path.cwd(), [Path(record.folders.results), Path(record.folders.downloads)]).begin()
    keep(record)
