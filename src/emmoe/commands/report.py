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
    """Print where the report is and which results it shows changed since, or where the kept one
    is; open it if asked to."""
    layout = layout_of(load(args.config))
    page, kept = (Path(own.report()["page"]) for own in (layout, layout.reference))
    if page.is_file():
        print(page, *(f"changed since: {path}" for path in changed(page)), sep="\n")
        _open(page, address(page), args.open)
    elif kept.is_file():
        print(kept, f"kept from the last full run; make figures makes {page}", sep="\n")
        _open(kept, kept.resolve().as_uri(), args.open)
    else:
        raise DataError(f"{page}: no report yet: run make figures")


def _open(page: Path, address: str, wanted: bool) -> None:
    if wanted and not webbrowser.open_new_tab(address):
        raise DataError(f"{page}: no browser found here: open it in one yourself")
