"""Arguments that several commands have."""

import argparse


def natural(text: str) -> int:
    """Return a whole number that is not negative."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 0 or more")
    return int(text)


def takes_config(parser: argparse.ArgumentParser) -> None:
    """Add the files of a record."""
    said = "files, each over the ones before; config.yaml alone if none is named"
    parser.add_argument("config", nargs="*", default=["config.yaml"], help=said)
