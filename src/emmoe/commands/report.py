"""Where the report is."""

import argparse
import webbrowser
from pathlib import Path

from emmoe.commands._arguments import takes_config
from emmoe.jobs.base import layout_of
from emmoe.record.read import load
from emmoe.report.changed import address, changed
from emmoe.store.errors import DataError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    takes_config(parser)
    parser.add_argument("--open", action="store_true", help="open it in a browser")


def run(args: argparse.Namespace) -> None:
    """Print where the report is and which results it shows changed since; open it if asked to."""
    page = Path(layout_of(load(args.config)).report()["page"])
    if not page.is_file():
        raise DataError(f"{page}: no report yet: run make figures")
    print(page, *(f"changed since: {path}" for path in changed(page)), sep="\n")
    if args.open and not webbrowser.open_new_tab(address(page)):
        raise DataError(f"{page}: no browser found here: open it in one yourself")
