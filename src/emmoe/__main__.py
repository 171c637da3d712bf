"""The command line: mixtures of experts for a table, and the record, its claims and archives."""

import argparse
import os
import sys
from types import ModuleType

from emmoe import __version__
from emmoe.commands._needed import needed
from emmoe.store.compiled import find_place
from emmoe.store.failures import spoken
from emmoe.store.preflight import check_place

# By command (a module of emmoe.commands), what it is for and the extra that it needs.
COMMANDS = {
    "fit": ("fit a mixture of experts to a table", ""),
    "predict": ("predict for the rows of a table from a model of emmoe fit", ""),
    "diagnose": ("a page with the plots and warnings of a model of emmoe fit", "plot"),
    "init": ("write a small project that uses emmoe's workflow on a table", "pipeline"),
    "list": ("what config.yaml can name: models, fitters, figures, ...", "pipeline"),
    "check": ("check a config and count its jobs", "pipeline"),
    "keep": ("keep a finished run's results as the reference", "pipeline"),
    "explain": ("trace a claim of the paper to our run", "pipeline"),
    "report": ("where the report is; --open: in a browser", "pipeline"),
    "verify": ("check an archive or results, and recompute a part of it", "pipeline"),
}

EXAMPLES = """examples:
  emmoe fit data.csv --target y --experts 1:4   which relations are mixed in a table?
  emmoe check                                   is config.yaml right, and how much is to run?
  emmoe check --expanded | less                 what it stands for, with all written out
  emmoe explain figure_2a_em_10                 a number of the paper, ours, and how to redo it
  emmoe report --open                           the page with all results
  emmoe verify results/emmoe-archive.zip --recompute 2
  eval "$(emmoe --print-completion bash)"       completion in this shell"""
COMPLETION = "--print-completion"


def _command(name: str) -> ModuleType:
    """The module of a command, imported only when it is asked for: most need an extra."""
    return needed(f"emmoe.commands.{name}", name, COMMANDS[name][1])


class _Complete(argparse.Action):
    """Prints a shell's completion, and ends."""

    def __call__(self, parser, namespace, values, option_string=None):
        print(needed("shtab", COMPLETION, "pipeline").complete(parser, values))
        parser.exit()


def _parser(chosen: str) -> argparse.ArgumentParser:
    """The parser of all commands, with the arguments of one."""
    parser = argparse.ArgumentParser(
        prog="emmoe",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    said = "print completion for a shell"
    parser.add_argument(COMPLETION, choices=("bash", "zsh", "tcsh"), action=_Complete, help=said)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (said, _) in COMMANDS.items():
        own = commands.add_parser(name, help=said)
        if chosen == name or chosen.startswith(COMPLETION):
            command = _command(name)
            own.description = command.__doc__
            command.add_arguments(own)
            own.set_defaults(run=command.run)
    return parser


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; exits with 1 and one line on a user's mistake."""
    given = sys.argv[1:] if arguments is None else arguments
    with spoken():
        check_place()
        find_place()
        os.environ["MPLBACKEND"] = "agg"  # a terminal of Jupyter names one that need not be there
        args = _parser(given[0] if given else "").parse_args(given)
        args.run(args)


if __name__ == "__main__":
    main()
