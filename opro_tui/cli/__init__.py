"""The command line: parse, call the engine, print."""

from opro_tui.cli.entry import invoke, main

__all__ = ["invoke", "main"]
