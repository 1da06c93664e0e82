"""Try to break the program, at length, and print what came of it.

`python -m tests.trust NAME [options]`; `NAME --help` lists them. A quick part of each runs with the
tests, the long part behind the marker `slow`.
"""

from __future__ import annotations

import argparse
import importlib
import sys

ALL = ("kills", "storm", "fuzz", "inputs", "screens")
"""Modules beside this one with `add_arguments(parser)` and `main(args)`, which returns the exit
code; a module's first line says what it does."""


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.trust",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(metavar="NAME", required=True)
    for name in ALL:
        module = importlib.import_module(f"tests.trust.{name}")
        first = (module.__doc__ or "").split("\n", 1)[0]
        command = commands.add_parser(name, help=first, description=first)
        module.add_arguments(command)
        command.set_defaults(main=module.main)
    args = parser.parse_args()
    return int(args.main(args))


if __name__ == "__main__":
    sys.exit(main())
