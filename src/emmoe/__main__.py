"""The command line: what a config can name and would run, what is behind a claim or an archive."""

import argparse
import dataclasses
import sys
from pathlib import Path
from zipfile import ZipFile

from emmoe import __version__
from emmoe.archive import contents, recompute
from emmoe.archive.explain import explain
from emmoe.archive.file import opened
from emmoe.archive.reference import keep
from emmoe.archive.verify import mismatches
from emmoe.lab.described import described
from emmoe.record import registry
from emmoe.record.cells import grid
from emmoe.record.plan import blocks_of
from emmoe.record.read import expanded, load
from emmoe.record.step_grid import variants
from emmoe.store.compiled import find_place
from emmoe.store.errors import DataError
from emmoe.store.failures import spoken
from emmoe.store.lock import Guard
from emmoe.store.preflight import check_place
from emmoe.store.provenance import file_hash


def _list(args: argparse.Namespace) -> None:
    """Print all that config.yaml can name: components with their settings, then modules; or the
    columns of result files."""
    if args.columns:
        print(described())
        return
    for kind in registry.KINDS:
        print(f"{kind}:")
        for name in registry.names(kind):
            fields = dataclasses.fields(registry.component(kind, name, kind))
            print(f"  {name}({', '.join(field.name for field in fields)})")
    for kind in registry.FUNCTIONS:
        print(f"{kind}:", *registry.functions(kind), sep="\n  ")


def _check(args: argparse.Namespace) -> None:
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


def _keep(args: argparse.Namespace) -> None:
    """Keep the figures, tables and provenance of a config's finished run."""
    record = load(args.config)
    Guard(Path.cwd(), [Path(record.folders.results), Path(record.folders.downloads)]).begin()
    keep(record)


def _explain(args: argparse.Namespace) -> None:
    """Print a claim of the paper, our number, the run behind it and the command that redoes it."""
    print(explain(args.claim, load(args.config), args.config))


def _verify(args: argparse.Namespace) -> None:
    """Check an archive's checksums, make some of its fits again, and print what does not agree."""
    with opened(args.archive) as archive:
        print(f"archive    {args.archive}, SHA-256 {file_hash(args.archive)}")
        wrong = mismatches(archive)
        print("\n".join(wrong or [f"files      {len(archive.namelist())}, all as recorded"]))
        if args.recompute:
            wrong += _recompute(archive, args.recompute, args.seed)
    if wrong:
        raise DataError(f"{args.archive}: {len(wrong)} of the checks above failed")


def _recompute(archive: ZipFile, count: int, seed: int) -> list[str]:
    """Make so many fits again; print and return what does not agree."""
    record = recompute.archived_record(archive)
    fits, others = recompute.archived_fits(archive, record)
    chosen = recompute.choose(fits, count, seed)
    without = f"; {len(others)} more need downloads that are not here" if others else ""
    print(f"recompute  {len(chosen)} of {len(fits)} fits, drawn with seed {seed}{without}")
    wrong = contents.unowned(archive.namelist(), record)
    wrong += [] if chosen else ["no fit could be made again"]
    print("\n".join(wrong), end="\n" if wrong else "")
    for outcome in recompute.recompute(archive, chosen):
        print(f"{'same' if outcome.same else 'differs':<10} {outcome.line}", flush=True)
        wrong += [] if outcome.same else [outcome.line]
    return wrong


def _natural(text: str) -> int:
    """A whole number that is not negative, as an argument."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 0 or more")
    return int(text)


def _takes_config(parser: argparse.ArgumentParser) -> None:
    said = "files, each over the ones before; config.yaml alone if none is named"
    parser.add_argument("config", nargs="*", default=["config.yaml"], help=said)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; exits with 1 and one line on a user's mistake."""
    parser = argparse.ArgumentParser(prog="emmoe", description=sys.modules[__name__].__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser(
        "list", help="what config.yaml can name: models, fitters, figures, ..."
    )
    said = "the columns of result files instead: name, type, unit, meaning"
    listing.add_argument("--columns", action="store_true", help=said)
    listing.set_defaults(run=_list)
    checking = commands.add_parser("check", help="check a config and count its jobs")
    _takes_config(checking)
    checking.add_argument("--expanded", action="store_true", help="print all that it stands for")
    checking.set_defaults(run=_check)
    keeping = commands.add_parser("keep", help="keep a finished run's results as the reference")
    _takes_config(keeping)
    keeping.set_defaults(run=_keep)
    explaining = commands.add_parser("explain", help="trace a claim of the paper to our run")
    explaining.add_argument("claim", metavar="CLAIM_ID", help="an id of data/reported/claims.csv")
    _takes_config(explaining)
    explaining.set_defaults(run=_explain)
    verifying = commands.add_parser("verify", help="check an archive, and recompute a part of it")
    verifying.add_argument(
        "archive", metavar="ARCHIVE", help="the file that snakemake archive wrote"
    )
    verifying.add_argument(
        "--recompute", metavar="N", type=_natural, default=0, help="fits to redo"
    )
    verifying.add_argument("--seed", type=_natural, default=0, help="of the choice of the fits")
    verifying.set_defaults(run=_verify)
    with spoken():
        args = parser.parse_args(arguments)
        check_place()
        find_place()
        args.run(args)


if __name__ == "__main__":
    main()
