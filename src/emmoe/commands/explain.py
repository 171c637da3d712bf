"""Traces a claim of the paper to our run."""

import argparse

from emmoe.archive.explain import explain
from emmoe.commands._arguments import takes_config
from emmoe.record.read import load


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("claim", metavar="CLAIM_ID", help="an id of data/reported/claims.csv")
    takes_config(parser)


def run(args: argparse.Namespace) -> None:
    """Print a claim of the paper, our number, the run behind it and the command that redoes it."""
    print(explain(args.claim, load(args.config), args.config))
