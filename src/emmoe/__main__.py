"""The command line: what a config can name and would run, what is behind a claim or an archive."""

import argparse
import dataclasses
import sys
import webbrowser
from pathlib import Path

import shtab

from emmoe import __version__
from emmoe.archive.bounds import MINUTES
from emmoe.archive.explain import explain
from emmoe.archive.reference import keep
from emmoe.archive.verify import Asked, verify
from emmoe.jobs.base import layout_of
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

EXAMPLES = """examples:
  emmoe check                         is config.yaml right, and how much is to run?
  emmoe check --expanded | less       what it stands for, with all written out
  emmoe explain figure_2a_em_10       a number of the paper, ours, and how to redo it
  emmoe report --open                 the page with all results
  emmoe verify results/emmoe-archive.zip --recompute 2
  eval "$(emmoe --print-completion bash)"   completion in this shell"""


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


def _report(args: argparse.Namespace) -> None:
    """Print where the report is, and open it in a browser if asked to."""
    page = Path(layout_of(load(args.config)).report()["page"])
    if not page.is_file():
        raise DataError(f"{page}: no report yet: run make figures")
    print(page)
    if args.open and not webbrowser.open(page.resolve().as_uri()):
        raise DataError(f"{page}: no browser found here: open it in one yourself")


def _verify(args: argparse.Namespace) -> None:
    """Check an archive or a folder of results, make some fits again, print what does not agree."""
    config, path = args.configfile or ["config.yaml"], Path(args.archive)
    verify(Asked(path, config, args.full, args.recompute, args.seed, args.minutes))


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
    parser = argparse.ArgumentParser(
        prog="emmoe",
        description=sys.modules[__name__].__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    shtab.add_argument_to(parser, "--print-completion", help="print completion for a shell")
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
    reporting = commands.add_parser("report", help="where the report is; --open: in a browser")
    _takes_config(reporting)
    reporting.add_argument("--open", action="store_true", help="open it in a browser")
    reporting.set_defaults(run=_report)
    verifying = commands.add_parser(
        "verify", help="check an archive or results, and recompute a part of it"
    )
    verifying.add_argument(
        "archive",
        metavar="ARCHIVE",
        help="the file that snakemake archive wrote, or a folder of results",
    )
    said = "of a folder of results: its config, as for emmoe check"
    verifying.add_argument("--configfile", nargs="+", metavar="FILE", help=said)
    verifying.add_argument("--full", action="store_true", help="read large results too")
    verifying.add_argument(
        "--recompute", metavar="N", type=_natural, default=0, help="fits to redo, and all from them"
    )
    said = "of the choice of the fits, to repeat it; else it is a new one every time"
    verifying.add_argument("--seed", type=_natural, help=said)
    said = "of CPU time for each thing that is redone (%(default)s)"
    verifying.add_argument("--minutes", type=_natural, default=MINUTES, help=said)
    verifying.set_defaults(run=_verify)
    with spoken():
        args = parser.parse_args(arguments)
        check_place()
        find_place()
        args.run(args)


if __name__ == "__main__":
    main()
