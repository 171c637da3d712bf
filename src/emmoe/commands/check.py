"""What a config would run."""

import argparse

from emmoe.commands._arguments import takes_config
from emmoe.record.cells import grid
from emmoe.record.plan import blocks_of
from emmoe.record.read import expanded, load
from emmoe.record.step_grid import variants


def add_arguments(parser: argparse.ArgumentParser) -> None:
    takes_config(parser)
    parser.add_argument("--expanded", action="store_true", help="print all that it stands for")


def run(args: argparse.Namespace) -> None:
    """Check a config and print what it would run, or the config itself with all written out."""
    record = load(args.config)
    if args.expanded:
        print(expanded(args.config), end="")
        return
    for name, experiment in record.experiments.items():
        blocks = grid(experiment).names
        fits = sum(len(blocks_of(experiment, fitter)) for fitter in experiment.fitters)
        count = f"{len(grid(experiment).cells())} cells, {experiment.replicates} replicates"
        print(f"{name}: {count}, {len(blocks)} blocks, {fits} fits")
    for name, contest in record.contests.items():
        steps = sum(len(variants(rival)) for rival in contest.rivals.values())
        rivals = f"{len(contest.rivals)} rivals, {steps} at all steps of their grids"
        count = f"{contest.replicates.tuning} + {contest.replicates.comparison} replicates"
        print(f"{name}: {len(grid(contest).cells())} cells, {count}, {rivals}")
