"""What config.yaml can name, or the columns of result files."""

import argparse
import dataclasses

from emmoe.lab.described import described
from emmoe.record import registry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    said = "the columns of result files instead: name, type, unit, meaning"
    parser.add_argument("--columns", action="store_true", help=said)


def run(args: argparse.Namespace) -> None:
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
