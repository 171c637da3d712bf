"""Checks an archive or results, and recomputes a part of it."""

import argparse
from pathlib import Path

from emmoe.archive.bounds import MINUTES
from emmoe.archive.verify import Asked, verify
from emmoe.commands._arguments import natural


def add_arguments(parser: argparse.ArgumentParser) -> None:
    said = "the file that snakemake archive wrote, or a folder of results"
    parser.add_argument("archive", metavar="ARCHIVE", help=said)
    said = "of a folder of results: its config, as for emmoe check"
    parser.add_argument("--configfile", nargs="+", metavar="FILE", help=said)
    parser.add_argument("--full", action="store_true", help="read large results too")
    said = "fits to redo, and all from them"
    parser.add_argument("--recompute", metavar="N", type=natural, default=0, help=said)
    said = "of the choice of the fits, to repeat it; else it is a new one every time"
    parser.add_argument("--seed", type=natural, help=said)
    said = "of CPU time for each thing that is redone (%(default)s)"
    parser.add_argument("--minutes", type=natural, default=MINUTES, help=said)


def run(args: argparse.Namespace) -> None:
    """Check an archive or a folder of results, make some fits again, print what does not agree."""
    config, path = args.configfile or ["config.yaml"], Path(args.archive)
    verify(Asked(path, config, args.full, args.recompute, args.seed, args.minutes))
